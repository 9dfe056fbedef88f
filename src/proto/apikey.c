#include "proto/apikey.h"

#include <string.h>

#include <nettle/sha2.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"

#define PREFIX "pvk_"
#define PREFIX_LEN 4
#define ID_BYTES 6
#define SECRET_BYTES 32
#define SECRET_AT (PREFIX_LEN + APIKEY_ID_LEN + 1)
#define SECRET_LEN (APIKEY_LEN - SECRET_AT)

const struct word apikey_scopes[] = {
#define X(symbol, bit, name, meaning) {name, bit},
	APIKEY_SCOPES(X)
#undef X
	{NULL, 0},
};

/* The whole text is hashed, so that the hash belongs to this id alone. */
static void digest(struct apikey *out, const char *text)
{
	struct sha256_ctx h;

	memcpy(out->id, text + PREFIX_LEN, APIKEY_ID_LEN);
	out->id[APIKEY_ID_LEN] = '\0';
	sha256_init(&h);
	sha256_update(&h, APIKEY_LEN, (const uint8_t *)text);
	sha256_digest(&h, APIKEY_HASH_SIZE, out->hash);
	mem_wipe(&h, sizeof(h));
}

void apikey_make(char text[APIKEY_LEN + 1], struct apikey *out,
		 const uint8_t random[APIKEY_RANDOM])
{
	memcpy(text, PREFIX, PREFIX_LEN);
	b64_encode(text + PREFIX_LEN, random, ID_BYTES);
	text[SECRET_AT - 1] = '_';
	b64_encode(text + SECRET_AT, random + ID_BYTES, SECRET_BYTES);
	digest(out, text);
}

bool apikey_looks(const char *text, size_t len)
{
	return len >= PREFIX_LEN && memcmp(text, PREFIX, PREFIX_LEN) == 0;
}

int apikey_parse(struct apikey *out, const char *text, size_t len)
{
	uint8_t secret[SECRET_BYTES];
	ssize_t n;

	if (len != APIKEY_LEN || !apikey_looks(text, len) ||
	    !apikey_id_ok(text + PREFIX_LEN, APIKEY_ID_LEN) ||
	    text[SECRET_AT - 1] != '_')
		return ERR_MALFORMED;
	n = b64_decode(secret, sizeof(secret), text + SECRET_AT, SECRET_LEN);
	mem_wipe(secret, sizeof(secret));
	if (n != SECRET_BYTES)
		return ERR_MALFORMED;
	digest(out, text);
	return 0;
}

bool apikey_id_ok(const char *id, size_t len)
{
	return len == APIKEY_ID_LEN && b64_alphabet(id, len);
}

bool apikey_equal(const uint8_t a[APIKEY_HASH_SIZE], const uint8_t b[APIKEY_HASH_SIZE])
{
	return mem_equal_secret(a, b, APIKEY_HASH_SIZE);
}
