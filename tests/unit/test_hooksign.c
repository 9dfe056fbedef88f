#include "unit.h"

#include <string.h>

#include "proto/hooksign.h"

START_TEST(test_openssl_says_the_same)
{
	/* printf '1795166400.{"kind":"meeting.created"}' |
	 *	openssl dgst -sha256 -hmac 'correct horse battery staple' */
	static const char secret[] = "correct horse battery staple";
	static const char body[] = "{\"kind\":\"meeting.created\"}";
	char out[HOOKSIGN_SIZE];

	hooksign(out, secret, strlen(secret), 1795166400, body, strlen(body));
	ck_assert_str_eq(out, "t=1795166400,v1=05c4cf8687acbb7fe5c6c8fe6d2271be"
			      "2673dbdc3e910fae1b3f3399e91282a4");
}
END_TEST

START_TEST(test_long_secrets_and_odd_times)
{
	/* RFC 2104: a key over the block size is hashed first; the header has room for
	 * any time (printf '%s' '-1.' | openssl dgst ... -hmac 'kkk...', 200 of them) */
	char secret[200], out[HOOKSIGN_SIZE];

	memset(secret, 'k', sizeof(secret));
	hooksign(out, secret, sizeof(secret), -1, "", 0);
	ck_assert_str_eq(out, "t=-1,v1=377ac695cf31297b8960e4f3ace0120b"
			      "1232d28b7cbc3d993cdd74ce52161407");
	hooksign(out, secret, sizeof(secret), INT64_MIN, "", 0);
	ck_assert_uint_eq(strlen(out), strlen("t=-9223372036854775808,v1=") + 64);
}
END_TEST

UNIT_MAIN("hooksign", test_openssl_says_the_same, test_long_secrets_and_odd_times)
