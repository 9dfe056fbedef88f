#include "proto/stun.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include <nettle/hmac.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/crc32.h"

#define ATTR_HEADER_SIZE 4
#define FINGERPRINT_SIZE 4

enum family { FAMILY_IPV4 = 1, FAMILY_IPV6 = 2 };

/* How many types a 420 names; with this many the answer is still a short one. */
#define UNKNOWN_MAX 32

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

uint32_t stun_fingerprint(const void *bytes, size_t len)
{
	return crc32(bytes, len) ^ 0x5354554eu;		/* "STUN" */
}

/* --- Reading ----------------------------------------------------------------- */

/* Reads the attribute at offset *at and steps behind its padding. */
static int read_attr(const struct stun_msg *msg, size_t *at, struct stun_attr *out)
{
	struct wire w = wire_of_const(msg->bytes + *at, msg->len - *at);

	out->type = wire_get_u16(&w);
	out->len = wire_get_u16(&w);
	out->value = wire_get(&w, out->len);
	wire_get(&w, padded(out->len) - out->len);
	if (w.err)
		return ERR_MALFORMED;
	*at = msg->len - wire_left(&w);
	return 0;
}

/* Whether an attribute at this offset counts, or was added behind a signature. */
static bool counts(const struct stun_msg *msg, size_t at, uint16_t type)
{
	if (msg->sha256 && at > msg->sha256)
		return type == STUN_ATTR_FINGERPRINT;
	if (msg->sha1 && at > msg->sha1)
		return type == STUN_ATTR_INTEGRITY_SHA256 ||
		       type == STUN_ATTR_FINGERPRINT;
	return true;
}

static bool fingerprint_fits(const struct stun_msg *msg, size_t at,
			     const struct stun_attr *attr)
{
	struct wire w = wire_of_const(attr->value, attr->len);

	return attr->len == FINGERPRINT_SIZE &&
	       wire_get_u32(&w) == stun_fingerprint(msg->bytes, at);
}

/* Walks once through all, so that nobody after us meets an attribute that is cut. */
static int survey(struct stun_msg *msg)
{
	size_t at = STUN_HEADER_SIZE;

	while (at < msg->len) {
		struct stun_attr attr;
		size_t here = at;
		int err = read_attr(msg, &at, &attr);

		if (err)
			return err;
		if (attr.type == STUN_ATTR_FINGERPRINT) {
			if (at != msg->len || !fingerprint_fits(msg, here, &attr))
				return ERR_MALFORMED;
			msg->fingerprint = true;
		} else if (!counts(msg, here, attr.type)) {
			continue;
		} else if (attr.type == STUN_ATTR_INTEGRITY) {
			msg->sha1 = here;
		} else if (attr.type == STUN_ATTR_INTEGRITY_SHA256) {
			msg->sha256 = here;
		}
	}
	return 0;
}

/*
 * The fourteen bits behind the two zeros hold twelve of the method and two of the
 * class, in an order of 1989: MMMMM C MMM C MMMM.
 */
static void type_split(uint16_t type, enum stun_class *class, uint16_t *method)
{
	*class = (type >> 7 & 2) | (type >> 4 & 1);
	*method = (uint16_t)((type & 0x000f) | (type & 0x00e0) >> 1 |
			     (type & 0x3e00) >> 2);
}

static uint16_t type_join(enum stun_class class, uint16_t method)
{
	return (uint16_t)((method & 0x000f) | (method & 0x0070) << 1 |
			  (method & 0x0f80) << 2 | (class & 1) << 4 |
			  (class & 2) << 7);
}

ssize_t stun_frame(const void *stream, size_t len)
{
	struct wire w = wire_of_const(stream, len);
	uint16_t type = wire_get_u16(&w);
	size_t attrs = wire_get_u16(&w);
	uint32_t cookie = wire_get_u32(&w);

	wire_get(&w, STUN_TID_SIZE);
	if (w.err)
		return w.err;
	if (type >> 14 || attrs % 4 || cookie != STUN_COOKIE)
		return ERR_MALFORMED;
	return (ssize_t)(STUN_HEADER_SIZE + attrs);
}

int stun_decode(struct stun_msg *msg, const void *datagram, size_t len)
{
	ssize_t frame = stun_frame(datagram, len);
	struct wire w = wire_of_const(datagram, len);
	struct stun_msg m = {.bytes = datagram, .len = len};
	int err;

	if (frame < 0)
		return (int)frame;
	if ((size_t)frame != len)
		return (size_t)frame > len ? ERR_TRUNCATED : ERR_MALFORMED;
	type_split(wire_get_u16(&w), &m.class, &m.method);
	m.tid = m.bytes + STUN_HEADER_SIZE - STUN_TID_SIZE;
	err = survey(&m);
	if (!err)
		*msg = m;
	return err;
}

bool stun_next(const struct stun_msg *msg, size_t *at, struct stun_attr *out)
{
	if (!*at)
		*at = STUN_HEADER_SIZE;
	while (*at < msg->len) {
		size_t here = *at;

		if (read_attr(msg, at, out) != 0)
			return false;
		if (counts(msg, here, out->type))
			return true;
	}
	return false;
}

bool stun_find(const struct stun_msg *msg, uint16_t type, struct stun_attr *out)
{
	size_t at = 0;

	while (stun_next(msg, &at, out)) {
		if (out->type == type)
			return true;
	}
	return false;
}

static bool among(const uint16_t *types, size_t count, uint16_t type)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (types[i] == type)
			return true;
	}
	return false;
}

size_t stun_unknown(const struct stun_msg *msg, const uint16_t *known,
		    size_t known_count, uint16_t *out, size_t cap)
{
	struct stun_attr attr;
	size_t at = 0, n = 0;

	while (n < cap && stun_next(msg, &at, &attr)) {
		if (stun_attr_required(attr.type) &&
		    !among(known, known_count, attr.type) &&
		    !among(out, n, attr.type))
			out[n++] = attr.type;
	}
	return n;
}

/*
 * A signature covers everything before its attribute, with the header's length as if
 * the message ended behind it (sections 14.5 and 14.6): hence two parts.
 */
static void hmac_sha1(uint8_t *mac, const uint8_t *bytes, size_t at, const void *key,
		      size_t key_len)
{
	size_t attrs = at - STUN_HEADER_SIZE + ATTR_HEADER_SIZE + STUN_SHA1_SIZE;
	uint8_t length[2] = {(uint8_t)(attrs >> 8), (uint8_t)attrs};
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, key_len, key);
	hmac_sha1_update(&ctx, 2, bytes);
	hmac_sha1_update(&ctx, 2, length);
	hmac_sha1_update(&ctx, at - 4, bytes + 4);
	hmac_sha1_digest(&ctx, STUN_SHA1_SIZE, mac);
	mem_wipe(&ctx, sizeof(ctx));
}

static void hmac_sha256(uint8_t *mac, const uint8_t *bytes, size_t at,
			const void *key, size_t key_len)
{
	size_t attrs = at - STUN_HEADER_SIZE + ATTR_HEADER_SIZE + STUN_SHA256_SIZE;
	uint8_t length[2] = {(uint8_t)(attrs >> 8), (uint8_t)attrs};
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key_len, key);
	hmac_sha256_update(&ctx, 2, bytes);
	hmac_sha256_update(&ctx, 2, length);
	hmac_sha256_update(&ctx, at - 4, bytes + 4);
	hmac_sha256_digest(&ctx, STUN_SHA256_SIZE, mac);
	mem_wipe(&ctx, sizeof(ctx));
}

typedef void hmac_fn(uint8_t *mac, const uint8_t *bytes, size_t at, const void *key,
		     size_t key_len);

static int check(const struct stun_msg *msg, size_t at, size_t mac_size, hmac_fn *hmac,
		 const void *key, size_t key_len)
{
	uint8_t mac[STUN_SHA256_SIZE];
	struct stun_attr attr;
	size_t behind = at;

	if (!at)
		return ERR_NOT_FOUND;
	if (read_attr(msg, &behind, &attr) != 0 || attr.len != mac_size)
		return ERR_MALFORMED;
	hmac(mac, msg->bytes, at, key, key_len);
	return mem_equal_secret(mac, attr.value, mac_size) ? 0 : ERR_UNAUTHORIZED;
}

int stun_check_sha1(const struct stun_msg *msg, const void *key, size_t key_len)
{
	return check(msg, msg->sha1, STUN_SHA1_SIZE, hmac_sha1, key, key_len);
}

int stun_check_sha256(const struct stun_msg *msg, const void *key, size_t key_len)
{
	return check(msg, msg->sha256, STUN_SHA256_SIZE, hmac_sha256, key, key_len);
}

/*
 * Addresses travel XORed with the cookie and the transaction id, which follow each
 * other in the header, so that no router rewrites what it takes for an address.
 */
static void xor_with_header(uint8_t *p, size_t len, const uint8_t *tid)
{
	const uint8_t *mask = tid - sizeof(uint32_t);
	size_t i;

	for (i = 0; i < len; i++)
		p[i] ^= mask[i];
}

int stun_get_xor_addr(const struct stun_msg *msg, const struct stun_attr *attr,
		      struct sockaddr_storage *out)
{
	struct wire w = wire_of_const(attr->value, attr->len);
	unsigned family = wire_get_u16(&w) & 0xff;	/* the first byte is ignored */
	uint16_t port = wire_get_u16(&w) ^ (STUN_COOKIE >> 16);

	memset(out, 0, sizeof(*out));
	if (family == FAMILY_IPV4 && wire_left(&w) == sizeof(struct in_addr)) {
		struct sockaddr_in *sin = (struct sockaddr_in *)out;

		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		memcpy(&sin->sin_addr, w.p, sizeof(sin->sin_addr));
		xor_with_header((uint8_t *)&sin->sin_addr, sizeof(sin->sin_addr),
				msg->tid);
		return 0;
	}
	if (family == FAMILY_IPV6 && wire_left(&w) == sizeof(struct in6_addr)) {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;

		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		memcpy(&sin6->sin6_addr, w.p, sizeof(sin6->sin6_addr));
		xor_with_header((uint8_t *)&sin6->sin6_addr,
				sizeof(sin6->sin6_addr), msg->tid);
		return 0;
	}
	return ERR_MALFORMED;
}

int stun_get_error(const struct stun_attr *attr)
{
	struct wire w = wire_of_const(attr->value, attr->len);
	unsigned class, number;

	wire_get_u16(&w);
	class = wire_get_u8(&w) & 7;
	number = wire_get_u8(&w);
	if (w.err || class < 3 || class > 6 || number > 99)
		return ERR_MALFORMED;
	return (int)(class * 100 + number);
}

/* --- Writing ----------------------------------------------------------------- */

struct stun_out stun_begin(void *out, size_t cap, enum stun_class class,
			   uint16_t method, const void *tid)
{
	struct stun_out o = {.w = wire_of(out, cap), .start = out};

	wire_put_u16(&o.w, type_join(class, method));
	wire_put_u16(&o.w, 0);
	wire_put_u32(&o.w, STUN_COOKIE);
	wire_put(&o.w, tid, STUN_TID_SIZE);
	return o;
}

static size_t written(const struct stun_out *o)
{
	return (size_t)(o->w.p - o->start);
}

/* Puts the header's length; `more` bytes are about to follow. */
static void set_length(struct stun_out *o, size_t more)
{
	size_t attrs = written(o) + more - STUN_HEADER_SIZE;

	if (o->w.err)
		return;
	if (attrs > UINT16_MAX) {
		o->w.err = ERR_TOO_BIG;
		return;
	}
	o->start[2] = (uint8_t)(attrs >> 8);
	o->start[3] = (uint8_t)attrs;
}

void stun_put(struct stun_out *o, uint16_t type, const void *value, size_t len)
{
	static const uint8_t zeros[3];

	if (!o->w.err && len > UINT16_MAX)
		o->w.err = ERR_TOO_BIG;
	wire_put_u16(&o->w, type);
	wire_put_u16(&o->w, (uint16_t)len);
	wire_put(&o->w, value, len);
	wire_put(&o->w, zeros, padded(len) - len);
	set_length(o, 0);
}

void stun_put_xor_addr(struct stun_out *o, uint16_t type, const struct sockaddr *addr)
{
	uint8_t value[4 + sizeof(struct in6_addr)] = {0};
	uint16_t port;
	size_t len;

	if (o->w.err)
		return;
	if (addr->sa_family == AF_INET) {
		const struct sockaddr_in *sin = (const struct sockaddr_in *)addr;

		value[1] = FAMILY_IPV4;
		port = ntohs(sin->sin_port);
		len = sizeof(sin->sin_addr);
		memcpy(value + 4, &sin->sin_addr, len);
	} else if (addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)addr;

		value[1] = FAMILY_IPV6;
		port = ntohs(sin6->sin6_port);
		len = sizeof(sin6->sin6_addr);
		memcpy(value + 4, &sin6->sin6_addr, len);
	} else {
		o->w.err = ERR_MALFORMED;
		return;
	}
	port ^= STUN_COOKIE >> 16;
	value[2] = (uint8_t)(port >> 8);
	value[3] = (uint8_t)port;
	xor_with_header(value + 4, len, o->start + STUN_HEADER_SIZE - STUN_TID_SIZE);
	stun_put(o, type, value, 4 + len);
}

void stun_put_error(struct stun_out *o, unsigned code)
{
	const uint8_t value[4] = {0, 0, (uint8_t)(code / 100), (uint8_t)(code % 100)};

	assert(code >= 300 && code <= 699);
	stun_put(o, STUN_ATTR_ERROR_CODE, value, sizeof(value));
}

void stun_put_unknown(struct stun_out *o, const uint16_t *types, size_t count)
{
	size_t i, len = count * sizeof(*types);

	if (!o->w.err && len > UINT16_MAX)
		o->w.err = ERR_TOO_BIG;
	wire_put_u16(&o->w, STUN_ATTR_UNKNOWN);
	wire_put_u16(&o->w, (uint16_t)len);
	for (i = 0; i < count; i++)
		wire_put_u16(&o->w, types[i]);
	if (count % 2)
		wire_put_u16(&o->w, 0);
	set_length(o, 0);
}

static void put_mac(struct stun_out *o, uint16_t type, size_t mac_size, hmac_fn *hmac,
		    const void *key, size_t key_len)
{
	uint8_t mac[STUN_SHA256_SIZE];

	if (o->w.err)
		return;
	hmac(mac, o->start, written(o), key, key_len);
	stun_put(o, type, mac, mac_size);
}

void stun_put_sha1(struct stun_out *o, const void *key, size_t key_len)
{
	put_mac(o, STUN_ATTR_INTEGRITY, STUN_SHA1_SIZE, hmac_sha1, key, key_len);
}

void stun_put_sha256(struct stun_out *o, const void *key, size_t key_len)
{
	put_mac(o, STUN_ATTR_INTEGRITY_SHA256, STUN_SHA256_SIZE, hmac_sha256, key,
		key_len);
}

void stun_put_fingerprint(struct stun_out *o)
{
	uint32_t crc;

	/* the sum is over the final length, so the length comes first */
	set_length(o, ATTR_HEADER_SIZE + FINGERPRINT_SIZE);
	if (o->w.err)
		return;
	crc = stun_fingerprint(o->start, written(o));
	wire_put_u16(&o->w, STUN_ATTR_FINGERPRINT);
	wire_put_u16(&o->w, FINGERPRINT_SIZE);
	wire_put_u32(&o->w, crc);
}

ssize_t stun_end(const struct stun_out *o)
{
	return o->w.err ? o->w.err : (ssize_t)written(o);
}

/* --- Binding ----------------------------------------------------------------- */

ssize_t stun_answer_binding(uint8_t *out, size_t cap, const uint8_t *in, size_t len,
			    const struct sockaddr *from)
{
	/* what RFC 8489 defines; credentials are understood and not asked for */
	static const uint16_t known[] = {
		STUN_ATTR_MAPPED_ADDRESS, STUN_ATTR_USERNAME,
		STUN_ATTR_INTEGRITY, STUN_ATTR_ERROR_CODE,
		STUN_ATTR_UNKNOWN, STUN_ATTR_REALM,
		STUN_ATTR_NONCE, STUN_ATTR_INTEGRITY_SHA256,
		STUN_ATTR_PASSWORD_ALGORITHM, STUN_ATTR_USERHASH,
		STUN_ATTR_XOR_MAPPED_ADDRESS,
	};
	uint16_t unknown[UNKNOWN_MAX];
	struct stun_msg msg;
	struct stun_out o;
	ssize_t n;
	size_t count;

	if (stun_decode(&msg, in, len) != 0 || msg.method != STUN_BINDING ||
	    msg.class != STUN_REQUEST)
		return 0;
	count = stun_unknown(&msg, known, ARRAY_LEN(known), unknown, UNKNOWN_MAX);
	o = stun_begin(out, cap, count ? STUN_ERROR : STUN_SUCCESS, STUN_BINDING,
		       msg.tid);
	if (count) {
		stun_put_error(&o, 420);
		stun_put_unknown(&o, unknown, count);
	} else {
		stun_put_xor_addr(&o, STUN_ATTR_XOR_MAPPED_ADDRESS, from);
	}
	if (msg.fingerprint)
		stun_put_fingerprint(&o);
	n = stun_end(&o);
	return n < 0 ? 0 : n;
}
