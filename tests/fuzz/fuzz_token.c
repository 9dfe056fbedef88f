/* Whatever is presented as a secret: only what we made ourselves opens anything. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "proto/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[TOKEN_KEY_SIZE] = {7};
	static const char meeting[] = "AAAAAAAAAAAAAAAAAAAAAA";
	char seat[SIGMSG_ID_LEN + 1] = "", again[TOKEN_RESUME_LEN + 1];
	char host[TOKEN_LEN + 1], invited[TOKEN_INVITATION_LEN + 1];
	const char *s = (const char *)data;

	token_host(host, key, meeting);
	assert(token_is_host(key, meeting, s, size) ==
	       (size == TOKEN_LEN && memcmp(s, host, size) == 0));
	token_invitation(invited, key, meeting, "BBBBBBBBBBBBBBBB", false);
	assert(token_is_invitation(key, meeting, "BBBBBBBBBBBBBBBB", false, s, size) ==
	       (size == TOKEN_INVITATION_LEN && memcmp(s, invited, size) == 0));
	if (token_resume_open(seat, key, meeting, s, size) == 0) {
		assert(size == TOKEN_RESUME_LEN);
		token_resume(again, key, meeting, seat);
		assert(memcmp(again, s, size) == 0);
	}
	return 0;
}
