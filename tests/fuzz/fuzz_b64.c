/* base64url: what decodes has one spelling, and any bytes survive the way there and
 * back. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t text_len = B64_LEN(size);
	char *text = malloc(text_len + 1);
	uint8_t *bytes = malloc(size + 1);
	ssize_t n;

	/* as text */
	n = b64_decode(bytes, size, (const char *)data, size);
	if (n >= 0) {
		assert(b64_alphabet((const char *)data, size));
		assert(B64_LEN((size_t)n) == size);
		assert(b64_encode(text, bytes, (size_t)n) == size);
		assert(memcmp(text, data, size) == 0);
		assert(n == 0 || b64_decode(bytes, (size_t)n - 1, (const char *)data,
					    size) == ERR_NO_SPACE);
	} else {
		assert(n == ERR_MALFORMED);
	}

	/* as bytes */
	assert(b64_encode(text, data, size) == text_len && !text[text_len]);
	assert(b64_decode(bytes, size, text, text_len) == (ssize_t)size);
	assert(memcmp(bytes, data, size) == 0);
	free(bytes);
	free(text);
	return 0;
}
