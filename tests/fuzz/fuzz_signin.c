/*
 * What reads as a one-time link is spelled in one way; what is a cookie is a secret; a
 * password that is taken can be hashed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/password.h"
#include "proto/signin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void read_link(const char *text, size_t len)
{
	uint8_t hash[SIGNIN_HASH_SIZE], again[SIGNIN_HASH_SIZE], random[SIGNIN_RANDOM];
	char name[SIGNIN_NAME_SIZE], secret[SIGNIN_SECRET_SIZE];
	size_t name_len;

	if (signin_link(name, hash, text, len))
		return;
	name_len = strlen(name);
	check(signin_name_ok(name, name_len));
	check(len == name_len + 1 + SIGNIN_SECRET_LEN);
	check(b64_decode(random, sizeof(random), text + name_len + 1, SIGNIN_SECRET_LEN) ==
	      SIGNIN_RANDOM);
	signin_secret(secret, again, random);
	check(memcmp(secret, text + name_len + 1, SIGNIN_SECRET_LEN) == 0);
	check(memcmp(hash, again, sizeof(hash)) == 0);
}

static void cookie(const char *text, size_t len)
{
	static struct http_head h;
	uint8_t hash[SIGNIN_HASH_SIZE];
	int err;

	h.field[HTTP_COOKIE] = (struct http_span){text, len};
	err = signin_cookie(hash, &h);
	check(err == 0 || err == ERR_NOT_FOUND || err == ERR_MALFORMED);
	check(err == ERR_NOT_FOUND || signin_has_cookie(&h));
}

static void password(const char *text, size_t len)
{
	if (!signin_password_wrong(text, len))
		check(len >= PASSWORD_MIN && len <= PASSWORD_BYTES_MAX &&
		      !memchr(text, '\0', len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_link((const char *)data, size);
	cookie((const char *)data, size);
	password((const char *)data, size);
	return 0;
}
