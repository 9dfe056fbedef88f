/* The bodies of the seeds' services: first byte 'j' is a join, any other a session. What
 * is taken is an id that can be a token's, and what is not says why. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "proto/appointmsg.h"
#include "proto/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const bool join = size && *data == 'j';
	const char *body = (const char *)data + (size > 0);
	struct problem_fields fields = {.count = 0};
	char text[APPOINTMSG_TEXT_SIZE] = "";
	bool host;
	int err;

	size -= size > 0;
	err = join ? appointmsg_join_decode(&host, text, &fields, body, size)
		   : appointmsg_make_decode(text, &fields, body, size);
	assert(err == 0 || err == ERR_MALFORMED || err == ERR_RANGE);
	assert((err == ERR_RANGE) == (fields.count > 0));
	if (!err)
		assert(*text && utf8_is_valid(text, strlen(text)));
	return 0;
}
