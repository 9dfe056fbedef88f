#include "proto/hooksign.h"

#include <inttypes.h>
#include <stdio.h>

#include <nettle/hmac.h>

#include "base/mem.h"

void hooksign(char out[HOOKSIGN_SIZE], const char *secret, size_t secret_len,
	      int64_t unix_s, const void *body, size_t len)
{
	uint8_t mac[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx ctx;
	char when[24];
	int n = snprintf(when, sizeof(when), "%" PRId64 ".", unix_s);
	size_t i;

	hmac_sha256_set_key(&ctx, secret_len, (const uint8_t *)secret);
	hmac_sha256_update(&ctx, (size_t)n, (const uint8_t *)when);
	hmac_sha256_update(&ctx, len, body);
	hmac_sha256_digest(&ctx, sizeof(mac), mac);
	n = snprintf(out, HOOKSIGN_SIZE, "t=%" PRId64 ",v1=", unix_s);
	for (i = 0; i < sizeof(mac); i++)
		n += snprintf(out + n, HOOKSIGN_SIZE - (size_t)n, "%02x", mac[i]);
	mem_wipe(&ctx, sizeof(ctx));
}
