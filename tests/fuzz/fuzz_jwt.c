/* Tokens of other systems. First byte 's': head, line end, claims, which are signed here
 * with the right secret, so that what comes behind the signature is seen; any other: the
 * token itself. Whoever is let in is somebody, for a bounded time. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <nettle/hmac.h>

#include "base/b64.h"
#include "base/mem.h"
#include "proto/jwt.h"
#include "proto/utf8.h"

#define NOW 1795166400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dashboard[] = "dashboard", paravent[] = "paravent", none[] = "", kid[] = "k";
static const char secret[] = "a-secret-of-at-least-thirty-two-bytes";

static size_t make(char *out, const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	size_t head = line ? (size_t)(line - data) : size, len;
	struct hmac_sha256_ctx ctx;
	uint8_t mac[32];

	len = b64_encode(out, data, head);
	out[len++] = '.';
	if (line)
		len += b64_encode(out + len, line + 1, size - head - 1);
	hmac_sha256_set_key(&ctx, strlen(secret), (const uint8_t *)secret);
	hmac_sha256_update(&ctx, len, (const uint8_t *)out);
	hmac_sha256_digest(&ctx, sizeof(mac), mac);
	out[len++] = '.';
	return len + b64_encode(out + len, mac, sizeof(mac));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct jwtconf conf[] = {
		{none, JWT_NATIVE, JWT_HS256, dashboard, paravent, kid, none, none, none},
		{none, JWT_CAREPULSE, JWT_HS256, none, none, none, none, none, none},
	};
	static const struct jwt_key keys[] = {
		{&conf[0], (const uint8_t *)secret, sizeof(secret) - 1},
		{&conf[1], (const uint8_t *)secret, sizeof(secret) - 1},
	};
	char made[3 * JWT_LEN_MAX];
	const char *token = (const char *)data;
	enum factdata_reason reason;
	struct jwt_person p;

	if (size && *data == 's' && size <= JWT_LEN_MAX) {
		size = make(made, data + 1, size - 1);
		token = made;
	}
	if (jwt_judge(&p, &reason, keys, ARRAY_LEN(keys), NOW, token, size) != 0) {
		assert(reason != REASON_NONE);
		return 0;
	}
	assert(reason == REASON_NONE && size <= JWT_LEN_MAX);
	assert(p.by == &conf[0] || p.by == &conf[1]);
	assert(p.expires_at > NOW - JWT_LEEWAY_S);
	assert(p.expires_at <= NOW + JWT_LIFE_S + JWT_LEEWAY_S);
	assert(strlen(p.meeting) == JWT_MEETING_LEN || (p.host && !strcmp(p.meeting, "*")));
	assert(*p.person && utf8_is_valid(p.person, strlen(p.person)));
	assert(utf8_is_valid(p.name, strlen(p.name)));
	return 0;
}
