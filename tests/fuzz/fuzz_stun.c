/* STUN from anybody. Whatever decodes can be written again by us and reads the same;
 * the answer to it is a message, or silence. */
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "proto/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct stun_msg *msg)
{
	/* nothing is longer than it was, but for the fingerprint of our own */
	size_t cap = msg->len + 8, at = 0, again_at = 0;
	uint8_t *out = malloc(cap);
	struct stun_out o = stun_begin(out, cap, msg->class, msg->method, msg->tid);
	struct stun_attr attr, again;
	struct stun_msg copy;
	ssize_t n;

	while (stun_next(msg, &at, &attr)) {
		if (attr.type != STUN_ATTR_FINGERPRINT)
			stun_put(&o, attr.type, attr.value, attr.len);
	}
	/* a message of the full 64 KiB has no room for a fingerprint it had not */
	if (msg->fingerprint)
		stun_put_fingerprint(&o);
	n = stun_end(&o);
	assert(n > 0);
	assert(stun_decode(&copy, out, (size_t)n) == 0);
	assert(copy.class == msg->class && copy.method == msg->method);
	assert(memcmp(copy.tid, msg->tid, STUN_TID_SIZE) == 0);
	assert(copy.fingerprint == msg->fingerprint);
	assert(!copy.sha1 == !msg->sha1 && !copy.sha256 == !msg->sha256);
	for (at = 0; stun_next(msg, &at, &attr);) {
		assert(stun_next(&copy, &again_at, &again));
		assert(again.type == attr.type && again.len == attr.len);
		assert(attr.type == STUN_ATTR_FINGERPRINT ||
		       memcmp(again.value, attr.value, attr.len) == 0);
	}
	assert(!stun_next(&copy, &again_at, &again));
	free(out);
}

static void addresses(const struct stun_msg *msg)
{
	struct sockaddr_storage sa, again;
	struct stun_attr attr;
	uint8_t out[64];
	size_t at = 0;

	while (stun_next(msg, &at, &attr)) {
		struct stun_out o;
		struct stun_msg copy;

		stun_get_error(&attr);
		if (stun_get_xor_addr(msg, &attr, &sa) != 0)
			continue;
		o = stun_begin(out, sizeof(out), STUN_SUCCESS, STUN_BINDING, msg->tid);
		stun_put_xor_addr(&o, STUN_ATTR_XOR_MAPPED_ADDRESS,
				  (struct sockaddr *)&sa);
		assert(stun_decode(&copy, out, (size_t)stun_end(&o)) == 0);
		assert(stun_find(&copy, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
		assert(stun_get_xor_addr(&copy, &attr, &again) == 0);
		assert(memcmp(&sa, &again, sizeof(sa)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_port = htons(4000)};
	uint8_t out[STUN_ANSWER_MAX];
	struct stun_msg msg, reply;
	ssize_t n;
	int err;

	n = stun_answer_binding(out, sizeof(out), data, size, (struct sockaddr *)&from);
	assert(n >= 0 && n <= STUN_ANSWER_MAX);
	err = stun_decode(&msg, data, size);
	if (err) {
		assert(n == 0);
		return 0;
	}
	assert(stun_frame(data, size) == (ssize_t)size);
	assert((n > 0) == (msg.class == STUN_REQUEST && msg.method == STUN_BINDING));
	if (n > 0) {
		assert(stun_decode(&reply, out, (size_t)n) == 0);
		assert(reply.fingerprint == msg.fingerprint);
		assert(memcmp(reply.tid, msg.tid, STUN_TID_SIZE) == 0);
	}
	stun_check_sha1(&msg, "key", 3);
	stun_check_sha256(&msg, "key", 3);
	write_again(&msg);
	addresses(&msg);
	return 0;
}
