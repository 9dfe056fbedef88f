#include "proto/relayid.h"

#include <assert.h>
#include <string.h>

#include <nettle/aes.h>
#include <nettle/hmac.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"

_Static_assert(RELAYID_MEETING_LEN == B64_LEN(AES_BLOCK_SIZE), "one block");

static void sealing_key(uint8_t out[AES128_KEY_SIZE], const uint8_t *key)
{
	static const char purpose[] = "paravent relay id v1";
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, TOKEN_KEY_SIZE, key);
	hmac_sha256_update(&ctx, sizeof(purpose), (const uint8_t *)purpose);
	hmac_sha256_digest(&ctx, AES128_KEY_SIZE, out);
	mem_wipe(&ctx, sizeof(ctx));
}

void relayid_put(char out[RELAYID_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		 const char *meeting, const char *seat, bool weak)
{
	uint8_t block[AES_BLOCK_SIZE], secret[AES128_KEY_SIZE];
	struct aes128_ctx ctx;

	assert(b64_decode(block, sizeof(block), meeting, strlen(meeting)) ==
	       sizeof(block) && strlen(seat) == SIGMSG_ID_LEN);
	sealing_key(secret, key);
	aes128_set_encrypt_key(&ctx, secret);
	aes128_encrypt(&ctx, sizeof(block), block, block);
	out += b64_encode(out, block, sizeof(block));
	*out++ = '.';
	memcpy(out, seat, SIGMSG_ID_LEN);
	strcpy(out + SIGMSG_ID_LEN, weak ? ".w" : ".p");
	mem_wipe(&ctx, sizeof(ctx));
	mem_wipe(secret, sizeof(secret));
}

int relayid_open(char meeting[RELAYID_MEETING_LEN + 1], char seat[SIGMSG_ID_SIZE],
		 const uint8_t key[TOKEN_KEY_SIZE], const char *id, size_t len)
{
	uint8_t block[AES_BLOCK_SIZE], secret[AES128_KEY_SIZE];
	const char *rest = id + RELAYID_MEETING_LEN;
	struct aes128_ctx ctx;

	if ((len != RELAYID_OWNER_LEN && len != RELAYID_LEN) || *rest++ != '.' ||
	    b64_decode(block, sizeof(block), id, RELAYID_MEETING_LEN) != sizeof(block) ||
	    !b64_alphabet(rest, SIGMSG_ID_LEN))
		return ERR_MALFORMED;
	if (len == RELAYID_LEN && memcmp(id + RELAYID_OWNER_LEN, ".p", 2) != 0 &&
	    memcmp(id + RELAYID_OWNER_LEN, ".w", 2) != 0)
		return ERR_MALFORMED;
	sealing_key(secret, key);
	aes128_set_decrypt_key(&ctx, secret);
	aes128_decrypt(&ctx, sizeof(block), block, block);
	b64_encode(meeting, block, sizeof(block));
	memcpy(seat, rest, SIGMSG_ID_LEN);
	seat[SIGMSG_ID_LEN] = '\0';
	mem_wipe(&ctx, sizeof(ctx));
	mem_wipe(secret, sizeof(secret));
	return 0;
}
