#include "app/issuers.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "app/secretfile.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/file.h"
#include "net/pubkey.h"

#define PEM_MAX 16384

struct issuers {
	size_t count;
	struct jwtconf conf[JWTCONF_MAX];
	struct buf bytes[JWTCONF_MAX];
	struct jwt_key keys[JWTCONF_MAX];
	const struct jwt_key *service;
	struct buf internal;		/* its secret */
};

static int load_public_key(struct buf *out, const struct jwtconf *c, struct buf *why)
{
	const enum pubkey_kind kind = c->algorithm == JWT_ES256 ? PUBKEY_P256 : PUBKEY_RSA;
	const char *path = c->public_key_file, *sentence;
	struct stat st;
	int err = file_read(out, path, PEM_MAX);

	if (err) {
		buf_printf(why, "public-key-file %s cannot be read: %s", path,
			   err_text(err));
		return err;
	}
	if (stat(path, &st) < 0 || st.st_mode & S_IWOTH) {
		buf_printf(why, "public-key-file %s can be changed by everybody: "
			   "chmod o-w it, and look whether the key is still theirs", path);
		return ERR_FORBIDDEN;
	}
	sentence = pubkey_check(out->p, out->len, kind);
	if (sentence)
		buf_printf(why, "public-key-file %s %s", path, sentence);
	return sentence ? ERR_MALFORMED : 0;
}

static int load_one(struct issuers *is, const struct jwtconf *conf, struct buf *why)
{
	struct jwtconf *c = &is->conf[is->count];
	struct buf *bytes = &is->bytes[is->count];
	struct jwt_key *key = &is->keys[is->count++];
	int err;

	jwtconf_copy(c, conf);
	buf_init(bytes);
	if (c->algorithm == JWT_HS256)
		err = secretfile_load(bytes, "secret-file", c->secret_file, JWT_SECRET_MIN,
				      why);
	else
		err = load_public_key(bytes, c, why);
	*key = (struct jwt_key){c, (const uint8_t *)bytes->p, bytes->len};
	if (!err && *c->internal_secret_file) {
		is->service = key;
		err = secretfile_load(&is->internal, "internal-secret-file",
				      c->internal_secret_file, SECRETFILE_MIN, why);
	}
	return err;
}

int issuers_load(struct issuers **out, const struct conf *conf, struct buf *why)
{
	struct issuers *is = mem_new(sizeof(*is));
	struct buf sentence = BUF_INIT;
	int err = 0;

	buf_init(&is->internal);
	for (size_t i = 0; !err && i < conf->issuers_count; i++) {
		err = load_one(is, &conf->issuers[i], &sentence);
		if (err)
			buf_printf(why, "issuer \"%s\": %s", conf->issuers[i].name,
				   sentence.p);
	}
	buf_fini(&sentence);
	if (err)
		issuers_free(is);
	else
		*out = is;
	return err;
}

void issuers_free(struct issuers *is)
{
	if (!is)
		return;
	while (is->count--) {
		secretfile_fini(&is->bytes[is->count]);
		jwtconf_fini(&is->conf[is->count]);
	}
	secretfile_fini(&is->internal);
	free(is);
}

int issuers_judge(const struct issuers *is, struct jwt_person *out,
		  enum factdata_reason *reason, int64_t now_ms, const char *token,
		  size_t len)
{
	return jwt_judge(out, reason, is->keys, is->count, now_ms / 1000, token, len);
}

const struct jwt_key *issuers_service(const struct issuers *is)
{
	return is->service;
}

bool issuers_service_is(const struct issuers *is, const char *secret, size_t len)
{
	return len == is->internal.len && mem_equal_secret(secret, is->internal.p, len);
}
