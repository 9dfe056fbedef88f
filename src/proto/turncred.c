#include "proto/turncred.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/sha2.h>

#include "base/err.h"
#include "base/mem.h"

#define DIGITS_MAX 19	/* of an expiry: fits 64 bits with a sign */

void turncred_password(char password[TURNCRED_PASSWORD_SIZE], const char *secret,
		       const void *username, size_t len)
{
	uint8_t mac[SHA1_DIGEST_SIZE];
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, strlen(secret), (const uint8_t *)secret);
	hmac_sha1_update(&ctx, len, username);
	hmac_sha1_digest(&ctx, sizeof(mac), mac);
	base64_encode_raw(password, sizeof(mac), mac);
	password[TURNCRED_PASSWORD_SIZE - 1] = '\0';
	mem_wipe(&ctx, sizeof(ctx));
}

int turncred_make(char username[TURNCRED_USERNAME_SIZE],
		  char password[TURNCRED_PASSWORD_SIZE], const char *secret,
		  uint64_t expires_s, const char *id)
{
	int n = snprintf(username, TURNCRED_USERNAME_SIZE, "%" PRIu64 ":%s", expires_s,
			 id);

	if (n < 0 || n >= TURNCRED_USERNAME_SIZE)
		return ERR_TOO_BIG;
	turncred_password(password, secret, username, (size_t)n);
	return 0;
}

/* Reads the digits before the colon; returns how many, 0 when that is not all. */
static size_t read_expiry(uint64_t *out, const char *s, size_t len)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < len && s[i] != ':'; i++) {
		if (s[i] < '0' || s[i] > '9' || i == DIGITS_MAX)
			return 0;
		value = value * 10 + (uint64_t)(s[i] - '0');
	}
	*out = value;
	return i < len ? i : 0;
}

static bool printable(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	}
	return true;
}

int turncred_parse(struct turncred *out, const void *username, size_t len)
{
	struct turncred c = {.username = username, .username_len = len};
	const char *dot;
	size_t digits;

	if (len >= TURNCRED_USERNAME_SIZE)
		return ERR_MALFORMED;
	digits = read_expiry(&c.expires_s, c.username, len);
	c.id = c.username + digits + 1;
	c.id_len = digits ? len - digits - 1 : 0;
	if (!c.id_len || !printable(c.id, c.id_len))
		return ERR_MALFORMED;

	c.owner_len = c.id_len;
	if (c.id_len > 2 && c.id[c.id_len - 2] == '.' &&
	    (c.id[c.id_len - 1] == 'p' || c.id[c.id_len - 1] == 'w')) {
		c.owner_len = c.id_len - 2;
		c.weak = c.id[c.id_len - 1] == 'w';
	}
	dot = memchr(c.id, '.', c.owner_len);
	c.meeting_len = dot ? (size_t)(dot - c.id) : c.owner_len;
	*out = c;
	return 0;
}

size_t turncred_key(uint8_t key[TURNCRED_KEY_MAX], enum turncred_algorithm algorithm,
		    const void *username, size_t username_len, const char *realm,
		    const char *password)
{
	struct sha256_ctx sha;
	struct md5_ctx md5;

	if (algorithm == TURNCRED_SHA256) {
		sha256_init(&sha);
		sha256_update(&sha, username_len, username);
		sha256_update(&sha, 1, (const uint8_t *)":");
		sha256_update(&sha, strlen(realm), (const uint8_t *)realm);
		sha256_update(&sha, 1, (const uint8_t *)":");
		sha256_update(&sha, strlen(password), (const uint8_t *)password);
		sha256_digest(&sha, SHA256_DIGEST_SIZE, key);
		return SHA256_DIGEST_SIZE;
	}
	md5_init(&md5);
	md5_update(&md5, username_len, username);
	md5_update(&md5, 1, (const uint8_t *)":");
	md5_update(&md5, strlen(realm), (const uint8_t *)realm);
	md5_update(&md5, 1, (const uint8_t *)":");
	md5_update(&md5, strlen(password), (const uint8_t *)password);
	md5_digest(&md5, MD5_DIGEST_SIZE, key);
	return MD5_DIGEST_SIZE;
}
