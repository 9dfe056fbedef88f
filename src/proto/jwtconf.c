#include "proto/jwtconf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/utf8.h"

static const char *const dialects[] = {
#define X(symbol, name) name,
	JWTCONF_DIALECTS(X)
#undef X
};

static const char *const algorithms[] = {
#define X(symbol, name) name,
	JWTCONF_ALGORITHMS(X)
#undef X
};

static char *copy_of(const char *s)
{
	return mem_copy(s, strlen(s));
}

void jwtconf_copy(struct jwtconf *out, const struct jwtconf *c)
{
	*out = (struct jwtconf){
		.name = copy_of(c->name),
		.dialect = c->dialect,
		.algorithm = c->algorithm,
		.issuer = copy_of(c->issuer),
		.audience = copy_of(c->audience),
		.key_id = copy_of(c->key_id),
		.secret_file = copy_of(c->secret_file),
		.public_key_file = copy_of(c->public_key_file),
		.internal_secret_file = copy_of(c->internal_secret_file),
	};
}

void jwtconf_fini(struct jwtconf *c)
{
	free(c->name);
	free(c->issuer);
	free(c->audience);
	free(c->key_id);
	free(c->secret_file);
	free(c->public_key_file);
	free(c->internal_secret_file);
	memset(c, 0, sizeof(*c));
}

static int find(const char *const *names, size_t count, const char *value)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], value) == 0)
			return (int)i;
	}
	return -1;
}

const char *jwtconf_dialect_name(enum jwt_dialect dialect)
{
	return dialects[dialect];
}

const char *jwtconf_algorithm_name(enum jwt_algorithm algorithm)
{
	return algorithms[algorithm];
}

enum jwt_dialect jwtconf_dialect_of(const char *value)
{
	return (enum jwt_dialect)find(dialects, ARRAY_LEN(dialects), value);
}

enum jwt_algorithm jwtconf_algorithm_of(const char *value)
{
	return (enum jwt_algorithm)find(algorithms, ARRAY_LEN(algorithms), value);
}

const char *jwtconf_check_dialect(const char *value)
{
	return find(dialects, ARRAY_LEN(dialects), value) < 0
		       ? "is no dialect; there are native, jitsi and carepulse"
		       : NULL;
}

const char *jwtconf_check_algorithm(const char *value)
{
	return find(algorithms, ARRAY_LEN(algorithms), value) < 0
		       ? "is no algorithm; there are HS256, RS256 and ES256"
		       : NULL;
}

const char *jwtconf_check_claim(const char *value)
{
	const size_t len = strlen(value);

	return len > JWTCONF_CLAIM_MAX || !utf8_is_valid(value, len)
		       ? "is not UTF-8 of up to 256 bytes"
		       : NULL;
}

_Static_assert(JWTCONF_CLAIM_MAX == 256, "the sentence above says 256");

bool jwtconf_is_key_id(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && (!s[i] || !strchr("._-", s[i])))
			return false;
	}
	return len >= 1 && len <= JWTCONF_KEY_ID_MAX;
}

const char *jwtconf_check_key_id(const char *value)
{
	return *value && !jwtconf_is_key_id(value, strlen(value))
		       ? "is no key id; write up to 64 letters, digits, dots, - and _"
		       : NULL;
}

_Static_assert(JWTCONF_KEY_ID_MAX == 64, "the sentence above says 64");

const char *jwtconf_check_together(const struct jwtconf *c)
{
	const bool secret = c->algorithm == JWT_HS256;

	/* the seeds' own tokens say neither who made them nor whom they are for */
	if (!*c->issuer && c->dialect != JWT_CAREPULSE)
		return "needs an issuer: what its tokens say as \"iss\"";
	if (!*c->audience && c->dialect != JWT_CAREPULSE)
		return "needs an audience: what its tokens say as \"aud\"";
	if (secret && !*c->secret_file)
		return "needs a secret-file for HS256; make one with: "
		       "openssl rand -hex 32";
	if (!secret && !*c->public_key_file)
		return "needs a public-key-file for its algorithm; make one with: "
		       "openssl pkey -in key.pem -pubout";
	if (*c->secret_file && *c->public_key_file)
		return "has a secret-file and a public-key-file; HS256 takes the "
		       "first, RS256 and ES256 take the second";
	if (*c->internal_secret_file && (c->dialect != JWT_CAREPULSE || !secret))
		return "has an internal-secret-file, which is for dialect = carepulse "
		       "with algorithm = HS256";
	return NULL;
}
