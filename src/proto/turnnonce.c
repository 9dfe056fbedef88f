#include "proto/turnnonce.h"

#include <stdlib.h>
#include <string.h>

#include <nettle/hmac.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/wire.h"

#define MAC_SIZE 16

static const char cookie[] = "obMatJos2gAAA";
#define COOKIE_LEN (sizeof(cookie) - 1)

struct turnnonce {
	struct hmac_sha256_ctx keyed;	/* copied for each MAC: half of the hashing */
};

struct turnnonce *turnnonce_new(const uint8_t key[TURNNONCE_KEY_SIZE])
{
	struct turnnonce *n = mem_new(sizeof(*n));

	hmac_sha256_set_key(&n->keyed, TURNNONCE_KEY_SIZE, key);
	return n;
}

void turnnonce_free(struct turnnonce *n)
{
	if (!n)
		return;
	mem_wipe(n, sizeof(*n));
	free(n);
}

/* Fills all of a nonce's bytes for one moment and address. */
static void fill(const struct turnnonce *n, uint8_t out[4 + MAC_SIZE], uint32_t at_s,
		 const struct turn_addr *client)
{
	struct hmac_sha256_ctx ctx = n->keyed;
	uint8_t said[4 + 2 + 1 + sizeof(client->ip)];
	struct wire w = wire_of(said, sizeof(said));

	wire_put_u32(&w, at_s);
	wire_put_u16(&w, client->port);
	wire_put_u8(&w, client->family);
	wire_put(&w, client->ip, sizeof(client->ip));
	memcpy(out, said, 4);
	hmac_sha256_update(&ctx, sizeof(said), said);
	hmac_sha256_digest(&ctx, MAC_SIZE, out + 4);
}

void turnnonce_make(const struct turnnonce *n, char out[TURNNONCE_LEN], uint32_t now_s,
		    const struct turn_addr *client)
{
	char text[B64_LEN(4 + MAC_SIZE) + 1];
	uint8_t bytes[4 + MAC_SIZE];

	fill(n, bytes, now_s, client);
	b64_encode(text, bytes, sizeof(bytes));
	memcpy(out, cookie, COOKIE_LEN);
	memcpy(out + COOKIE_LEN, text, sizeof(text) - 1);
}

int turnnonce_check(const struct turnnonce *n, uint32_t *age_s, uint32_t now_s,
		    const struct turn_addr *client, const void *text, size_t len)
{
	uint8_t given[4 + MAC_SIZE], right[4 + MAC_SIZE];
	const char *s = text;
	struct wire w = wire_of(given, sizeof(given));
	uint32_t at_s;

	if (len != TURNNONCE_LEN || memcmp(s, cookie, COOKIE_LEN) != 0 ||
	    b64_decode(given, sizeof(given), s + COOKIE_LEN, len - COOKIE_LEN) !=
		    sizeof(given))
		return ERR_UNAUTHORIZED;
	at_s = wire_get_u32(&w);
	fill(n, right, at_s, client);
	if (at_s > now_s || !mem_equal_secret(given, right, sizeof(right)))
		return ERR_UNAUTHORIZED;
	*age_s = now_s - at_s;
	return 0;
}
