#include "store/seal.h"

#include <string.h>

#include <nettle/gcm.h>
#include <nettle/hmac.h>

#include "base/mem.h"
#include "base/rnd.h"
#include "base/wire.h"

#define NONCE_SIZE GCM_IV_SIZE
#define TAG_SIZE GCM_DIGEST_SIZE

_Static_assert(NONCE_SIZE + TAG_SIZE == SEAL_OVERHEAD, "as the header says");
_Static_assert(SEAL_KEY_SIZE == SHA256_DIGEST_SIZE, "a key is a whole digest");

void seal_derive(uint8_t key[SEAL_KEY_SIZE], const uint8_t seed[SEAL_KEY_SIZE],
		 uint64_t first)
{
	struct hmac_sha256_ctx hmac;
	uint8_t name[8];
	struct wire w = wire_of(name, sizeof(name));

	wire_put_u64(&w, first);
	hmac_sha256_set_key(&hmac, SEAL_KEY_SIZE, seed);
	hmac_sha256_update(&hmac, sizeof(name), name);
	hmac_sha256_digest(&hmac, SEAL_KEY_SIZE, key);
	mem_wipe(&hmac, sizeof(hmac));
}

/* GCM takes the place in blocks of 16 bytes, so it is laid out in one piece first. */
static void begin(struct gcm_aes256_ctx *gcm, const uint8_t *key, const uint8_t *nonce,
		  const struct fact_row *row)
{
	uint8_t place[512];
	struct wire w = wire_of(place, sizeof(place));

	wire_put_u32(&w, (uint32_t)row->stream_len);
	wire_put(&w, row->stream, row->stream_len);
	wire_put_u64(&w, row->version);
	wire_put_u32(&w, (uint32_t)row->kind_len);
	wire_put(&w, row->kind, row->kind_len);
	gcm_aes256_set_key(gcm, key);
	gcm_aes256_set_iv(gcm, NONCE_SIZE, nonce);
	/* names too long for it were never written by us: the tag will not fit */
	gcm_aes256_update(gcm, sizeof(place) - wire_left(&w), place);
}

void seal_shut(uint8_t *out, const uint8_t key[SEAL_KEY_SIZE],
	       const struct fact_row *row, const char *text, size_t len)
{
	struct gcm_aes256_ctx gcm;

	rnd_bytes(out, NONCE_SIZE);
	begin(&gcm, key, out, row);
	gcm_aes256_encrypt(&gcm, len, out + NONCE_SIZE, (const uint8_t *)text);
	gcm_aes256_digest(&gcm, TAG_SIZE, out + NONCE_SIZE + len);
	mem_wipe(&gcm, sizeof(gcm));
}

bool seal_open(char *out, const uint8_t key[SEAL_KEY_SIZE], const struct fact_row *row)
{
	struct gcm_aes256_ctx gcm;
	uint8_t tag[TAG_SIZE];
	size_t len;
	bool fits;

	if (row->sealed_len < SEAL_OVERHEAD)
		return false;
	len = row->sealed_len - SEAL_OVERHEAD;
	begin(&gcm, key, row->sealed, row);
	gcm_aes256_decrypt(&gcm, len, (uint8_t *)out, row->sealed + NONCE_SIZE);
	gcm_aes256_digest(&gcm, TAG_SIZE, tag);
	mem_wipe(&gcm, sizeof(gcm));
	fits = mem_equal_secret(tag, row->sealed + NONCE_SIZE + len, TAG_SIZE);
	if (!fits)
		memset(out, 0, len);
	return fits;
}
