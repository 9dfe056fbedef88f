#include "core/turnauth.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"

#define NAME_MAX_LEN 763	/* RFC 8489 sections 14.3, 14.9, 14.10 */

/* SHA-256, then MD5; no parameters (section 18.5.1). */
static const uint8_t algorithms[] = {0, 2, 0, 0, 0, 1, 0, 0};

void turnauth_init(struct turnauth *auth, const char *realm, uint32_t nonce_s,
		   const struct turncred_secrets *secrets)
{
	uint8_t key[TURNNONCE_KEY_SIZE];

	snprintf(auth->realm, sizeof(auth->realm), "%s", realm);
	auth->nonce_s = nonce_s;
	auth->secrets = *secrets;
	rnd_bytes(key, sizeof(key));
	auth->nonce = turnnonce_new(key);
	mem_wipe(key, sizeof(key));
}

void turnauth_fini(struct turnauth *auth)
{
	turnnonce_free(auth->nonce);
	mem_wipe(auth, sizeof(*auth));
}

/*
 * Our nonces announce PASSWORD-ALGORITHMS. A client that knows them repeats our list
 * unchanged with its choice, so that nobody in between can take SHA-256 off it; one
 * that does not sends neither.
 */
static unsigned choose_algorithm(const struct stun_msg *msg, struct turn_identity *out)
{
	struct stun_attr list, choice;
	bool has_list = stun_find(msg, STUN_ATTR_PASSWORD_ALGORITHMS, &list);
	bool has_choice = stun_find(msg, STUN_ATTR_PASSWORD_ALGORITHM, &choice);

	out->algorithm = TURNCRED_MD5;
	out->sha256 = false;
	if (!has_list && !has_choice)
		return 0;
	if (!has_list || !has_choice || list.len != sizeof(algorithms) ||
	    memcmp(list.value, algorithms, sizeof(algorithms)) != 0 ||
	    choice.len != 4)
		return 400;
	if (memcmp(choice.value, algorithms, 4) == 0)
		out->algorithm = TURNCRED_SHA256;
	else if (memcmp(choice.value, algorithms + 4, 4) != 0)
		return 400;
	out->sha256 = true;
	return 0;
}

/* 0, ERR_MALFORMED, or ERR_UNAUTHORIZED. */
static int check_integrity(const struct stun_msg *msg, const struct turn_identity *who)
{
	if (msg->sha256)
		return stun_check_sha256(msg, who->key, who->key_len);
	return stun_check_sha1(msg, who->key, who->key_len);
}

static int check_with(const struct turnauth *auth, const struct stun_msg *msg,
		      const char *secret, struct turn_identity *out)
{
	char password[TURNCRED_PASSWORD_SIZE];

	turncred_password(password, secret, out->cred.username, out->cred.username_len);
	out->key_len = turncred_key(out->key, out->algorithm, out->cred.username,
				    out->cred.username_len, auth->realm, password);
	mem_wipe(password, sizeof(password));
	return check_integrity(msg, out);
}

static bool is_known(const struct turn_known *known, const struct turn_identity *who)
{
	return known && known->algorithm == who->algorithm &&
	       known->username_len == who->cred.username_len &&
	       memcmp(known->username, who->cred.username, known->username_len) == 0;
}

static int check_key(const struct turnauth *auth, const struct stun_msg *msg,
		     const struct turn_known *known, struct turn_identity *out)
{
	int err;

	if (is_known(known, out)) {
		memcpy(out->key, known->key, known->key_len);
		out->key_len = known->key_len;
		return check_integrity(msg, out);
	}
	err = check_with(auth, msg, auth->secrets.current, out);
	if (err == ERR_UNAUTHORIZED && auth->secrets.previous[0])
		err = check_with(auth, msg, auth->secrets.previous, out);
	return err;
}

unsigned turnauth_check(const struct turnauth *auth, uint64_t now_ms,
			const struct stun_msg *msg, const struct turn_addr *client,
			const struct turn_known *known, struct turn_identity *out)
{
	struct stun_attr username, userhash, realm, nonce;
	bool has_username = stun_find(msg, STUN_ATTR_USERNAME, &username);
	uint32_t age_s;
	unsigned code;
	int err;

	if (!msg->sha1 && !msg->sha256)
		return 401;
	if ((!has_username && !stun_find(msg, STUN_ATTR_USERHASH, &userhash)) ||
	    !stun_find(msg, STUN_ATTR_REALM, &realm) ||
	    !stun_find(msg, STUN_ATTR_NONCE, &nonce) || realm.len > NAME_MAX_LEN ||
	    nonce.len > NAME_MAX_LEN || (has_username && username.len > NAME_MAX_LEN))
		return 400;
	if (turnnonce_check(auth->nonce, &age_s, (uint32_t)(now_ms / 1000), client,
			    nonce.value, nonce.len) != 0)
		return 438;
	code = choose_algorithm(msg, out);
	if (code)
		return code;
	/* a USERHASH: our nonces do not offer it, nobody is known by one */
	if (!has_username ||
	    turncred_parse(&out->cred, username.value, username.len) != 0)
		return 401;
	err = check_key(auth, msg, known, out);
	if (err)
		return err == ERR_MALFORMED ? 400 : 401;
	return age_s < auth->nonce_s ? 0 : 438;
}

void turnauth_put_challenge(const struct turnauth *auth, uint64_t now_ms,
			    struct stun_out *o, const struct turn_addr *client)
{
	char nonce[TURNNONCE_LEN];

	turnnonce_make(auth->nonce, nonce, (uint32_t)(now_ms / 1000), client);
	stun_put(o, STUN_ATTR_REALM, auth->realm, strlen(auth->realm));
	stun_put(o, STUN_ATTR_NONCE, nonce, sizeof(nonce));
	stun_put(o, STUN_ATTR_PASSWORD_ALGORITHMS, algorithms, sizeof(algorithms));
}

void turnauth_sign(struct stun_out *o, const struct turn_identity *who)
{
	if (who->sha256)
		stun_put_sha256(o, who->key, who->key_len);
	else
		stun_put_sha1(o, who->key, who->key_len);
}
