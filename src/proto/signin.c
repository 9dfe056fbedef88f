#include "proto/signin.h"

#include <stdio.h>
#include <string.h>

#include <nettle/sha2.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/password.h"
#include "proto/utf8.h"

#define COOKIE "__Host-paravent"

bool signin_name_ok(const char *name, size_t len)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

	if (!len || len > SIGNIN_NAME_MAX || strchr("._-", name[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!name[i] || !strchr(all, name[i]))
			return false;
	}
	return true;
}

static void digest(uint8_t hash[SIGNIN_HASH_SIZE], const uint8_t secret[SIGNIN_RANDOM])
{
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, SIGNIN_RANDOM, secret);
	sha256_digest(&h, SIGNIN_HASH_SIZE, hash);
	mem_wipe(&h, sizeof(h));
}

void signin_secret(char text[SIGNIN_SECRET_SIZE], uint8_t hash[SIGNIN_HASH_SIZE],
		   const uint8_t random[SIGNIN_RANDOM])
{
	b64_encode(text, random, SIGNIN_RANDOM);
	digest(hash, random);
}

int signin_hash(uint8_t hash[SIGNIN_HASH_SIZE], const char *text, size_t len)
{
	uint8_t secret[SIGNIN_RANDOM];

	if (len != SIGNIN_SECRET_LEN ||
	    b64_decode(secret, sizeof(secret), text, len) != SIGNIN_RANDOM)
		return ERR_MALFORMED;
	digest(hash, secret);
	mem_wipe(secret, sizeof(secret));
	return 0;
}

int signin_link(char name[SIGNIN_NAME_SIZE], uint8_t hash[SIGNIN_HASH_SIZE],
		const char *text, size_t len)
{
	size_t name_len;

	/* a name may hold dots, the secret holds none */
	if (len <= SIGNIN_SECRET_LEN + 1)
		return ERR_MALFORMED;
	name_len = len - SIGNIN_SECRET_LEN - 1;
	if (text[name_len] != '.' || !signin_name_ok(text, name_len))
		return ERR_MALFORMED;
	memcpy(name, text, name_len);
	name[name_len] = '\0';
	return signin_hash(hash, text + name_len + 1, SIGNIN_SECRET_LEN);
}

bool signin_has_cookie(const struct http_head *h)
{
	const struct http_span c = h->field[HTTP_COOKIE];

	return c.p && memmem(c.p, c.len, COOKIE, sizeof(COOKIE) - 1);
}

int signin_cookie(uint8_t hash[SIGNIN_HASH_SIZE], const struct http_head *h)
{
	const struct http_span c = http_cookie_get(h->field[HTTP_COOKIE], COOKIE);

	return c.p ? signin_hash(hash, c.p, c.len) : ERR_NOT_FOUND;
}

void signin_put_cookie(char out[SIGNIN_COOKIE_SIZE], const char *secret, int64_t life_ms)
{
	snprintf(out, SIGNIN_COOKIE_SIZE,
		 COOKIE "=%s; Max-Age=%lld; Path=/; HttpOnly; Secure; SameSite=Lax",
		 secret ? secret : "", secret ? (long long)(life_ms / 1000) : 0LL);
}

const char *signin_password_wrong(const char *password, size_t len)
{
	size_t chars = 0;

	if (!utf8_is_valid(password, len) || memchr(password, '\0', len))
		return "must be text";
	for (size_t i = 0; i < len; i++)
		chars += ((unsigned char)password[i] & 0xc0) != 0x80;
	if (chars < PASSWORD_MIN)
		return "must have at least 10 characters";
	if (chars > PASSWORD_MAX || len > PASSWORD_BYTES_MAX)
		return "must have at most 256 characters, and 511 bytes";
	return NULL;
}
