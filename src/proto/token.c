#include "proto/token.h"

#include <string.h>

#include <nettle/hmac.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"

/* Each part ends with a NUL, which none of them holds, so no two inputs collide. */
static void prove(char out[TOKEN_LEN + 1], const uint8_t *key, const char *purpose,
		  const char *meeting, const char *id)
{
	struct hmac_sha256_ctx ctx;
	uint8_t mac[16];

	hmac_sha256_set_key(&ctx, TOKEN_KEY_SIZE, key);
	hmac_sha256_update(&ctx, strlen(purpose) + 1, (const uint8_t *)purpose);
	hmac_sha256_update(&ctx, strlen(meeting) + 1, (const uint8_t *)meeting);
	hmac_sha256_update(&ctx, strlen(id) + 1, (const uint8_t *)id);
	hmac_sha256_digest(&ctx, sizeof(mac), mac);
	b64_encode(out, mac, sizeof(mac));
	mem_wipe(&ctx, sizeof(ctx));
}

void token_host(char out[TOKEN_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		const char *meeting)
{
	prove(out, key, "paravent host v1", meeting, "");
}

bool token_is_host(const uint8_t key[TOKEN_KEY_SIZE], const char *meeting,
		   const char *s, size_t len)
{
	char want[TOKEN_LEN + 1];

	token_host(want, key, meeting);
	return len == TOKEN_LEN && mem_equal_secret(want, s, TOKEN_LEN);
}

void token_invitation(char out[TOKEN_INVITATION_LEN + 1],
		      const uint8_t key[TOKEN_KEY_SIZE], const char *meeting,
		      const char *id, bool host)
{
	memcpy(out, id, SIGMSG_ID_LEN);
	prove(out + SIGMSG_ID_LEN, key, host ? "paravent host invitation v1" :
	      "paravent guest invitation v1", meeting, id);
}

bool token_is_invitation(const uint8_t key[TOKEN_KEY_SIZE], const char *meeting,
			 const char *id, bool host, const char *s, size_t len)
{
	char want[TOKEN_INVITATION_LEN + 1];

	token_invitation(want, key, meeting, id, host);
	return len == TOKEN_INVITATION_LEN &&
	       mem_equal_secret(want, s, TOKEN_INVITATION_LEN);
}

void token_session(char out[TOKEN_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		   const char *appointment)
{
	prove(out, key, "paravent session v1", appointment, "");
}

void token_resume(char out[TOKEN_RESUME_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		  const char *meeting, const char *seat)
{
	memcpy(out, seat, SIGMSG_ID_LEN);
	prove(out + SIGMSG_ID_LEN, key, "paravent resume v1", meeting, seat);
}

int token_resume_open(char seat[SIGMSG_ID_LEN + 1], const uint8_t key[TOKEN_KEY_SIZE],
		      const char *meeting, const char *s, size_t len)
{
	char id[SIGMSG_ID_LEN + 1], want[TOKEN_RESUME_LEN + 1];

	if (len != TOKEN_RESUME_LEN || !b64_alphabet(s, len))
		return ERR_UNAUTHORIZED;
	memcpy(id, s, SIGMSG_ID_LEN);
	id[SIGMSG_ID_LEN] = '\0';
	token_resume(want, key, meeting, id);
	if (!mem_equal_secret(want, s, TOKEN_RESUME_LEN))
		return ERR_UNAUTHORIZED;
	memcpy(seat, id, sizeof(id));
	return 0;
}
