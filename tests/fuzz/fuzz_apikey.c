/*
 * What reads as an API key is spelled in one way, and its scopes come back as they were.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/err.h"
#include "proto/apikey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void parse(const char *text, size_t len)
{
	uint8_t random[APIKEY_RANDOM];
	char again[APIKEY_LEN + 1];
	struct apikey key, made;

	if (apikey_parse(&key, text, len)) {
		check(apikey_parse(&key, text, len) == ERR_MALFORMED);
		return;
	}
	check(len == APIKEY_LEN && apikey_looks(text, len));
	check(apikey_id_ok(key.id, strlen(key.id)));
	check(b64_decode(random, 6, text + 4, APIKEY_ID_LEN) == 6);
	check(b64_decode(random + 6, 32, text + 13, 43) == 32);
	apikey_make(again, &made, random);
	check(memcmp(again, text, len) == 0);
	check(apikey_equal(made.hash, key.hash));
}

static void scopes(const char *text, size_t len)
{
	struct buf b = BUF_INIT;
	unsigned int set = 0, again = 0;

	if (words_get(&set, apikey_scopes, text, len) == 0) {
		words_put(&b, apikey_scopes, set);
		check(b.len == len);
		check(words_get(&again, apikey_scopes, b.p, b.len) == 0);
		check(set && set == again);
	}
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse((const char *)data, size);
	scopes((const char *)data, size);
	return 0;
}
