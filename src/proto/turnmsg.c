#include "proto/turnmsg.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/wire.h"

/* The first two bytes: request, indication ... and method, as stun.h draws it. */
#define TYPE_SEND 0x0016
#define TYPE_DATA 0x0017

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static uint16_t u16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint8_t *put_u16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
	return put_u16(put_u16(p, v >> 16), v & 0xffff);
}

/* --- Framing ----------------------------------------------------------------- */

ssize_t turn_frame(const void *stream, size_t len)
{
	const uint8_t *p = stream;
	size_t frame;

	if (!len)
		return ERR_TRUNCATED;
	if (p[0] & 0x80 || (p[0] < 0x40 && !stun_first_byte(p[0])))
		return ERR_MALFORMED;
	if (len < 4)
		return ERR_TRUNCATED;
	if (p[0] & 0x40) {
		frame = padded(TURN_CHANNEL_HEADER_SIZE + (size_t)u16_at(p + 2));
		return frame > TURN_FRAME_MAX ? ERR_TOO_BIG : (ssize_t)frame;
	}
	frame = STUN_HEADER_SIZE + (size_t)u16_at(p + 2);
	if (frame % 4)
		return ERR_MALFORMED;
	if (len < 8)
		return ERR_TRUNCATED;
	if (u32_at(p + 4) != STUN_COOKIE)
		return ERR_MALFORMED;
	return frame > TURN_FRAME_MAX ? ERR_TOO_BIG : (ssize_t)frame;
}

int turn_channel_get(struct turn_channel_data *out, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	if (len < TURN_CHANNEL_HEADER_SIZE)
		return ERR_TRUNCATED;
	if (p[0] >> 6 != 1)
		return ERR_MALFORMED;
	out->number = u16_at(p);
	out->len = u16_at(p + 2);
	return out->len > len - TURN_CHANNEL_HEADER_SIZE ? ERR_TRUNCATED : 0;
}

size_t turn_channel_put(uint8_t *data, size_t len, uint16_t number, bool stream)
{
	assert(len <= TURN_DATA_MAX);
	put_u16(put_u16(data - TURN_CHANNEL_HEADER_SIZE, number), (unsigned)len);
	if (!stream)
		return TURN_CHANNEL_HEADER_SIZE + len;
	memset(data + len, 0, padded(len) - len);
	return TURN_CHANNEL_HEADER_SIZE + padded(len);
}

/* --- Addresses --------------------------------------------------------------- */

/* v4 and v6: XORed with what follows the length in the header (section 14.2). */
static size_t put_xor(uint8_t *p, const struct turn_addr *a, const uint8_t *mask)
{
	size_t len = a->family == 4 ? 4 : 16, i;
	const uint8_t *ip = a->ip + 16 - len;

	p[0] = 0;
	p[1] = a->family == 4 ? TURN_FAMILY_IPV4 : TURN_FAMILY_IPV6;
	put_u16(p + 2, a->port ^ STUN_COOKIE >> 16);
	for (i = 0; i < len; i++)
		p[4 + i] = ip[i] ^ mask[i];
	return 4 + len;
}

static int get_xor(struct turn_addr *out, const uint8_t *p, size_t len,
		   const uint8_t *mask)
{
	size_t ip_len = len - 4, i;
	uint8_t ip[16];
	uint16_t port;

	if (!(len == 8 && p[1] == TURN_FAMILY_IPV4) &&
	    !(len == 20 && p[1] == TURN_FAMILY_IPV6))
		return ERR_MALFORMED;
	port = u16_at(p + 2) ^ (STUN_COOKIE >> 16);
	for (i = 0; i < ip_len; i++)
		ip[i] = p[4 + i] ^ mask[i];
	if (ip_len == 4)
		turn_addr_v4(out, ip, port);
	else
		turn_addr_v6(out, ip, port);
	return 0;
}

int turn_get_addr(const struct stun_msg *msg, const struct stun_attr *attr,
		  struct turn_addr *out)
{
	return get_xor(out, attr->value, attr->len, msg->bytes + 4);
}

void turn_put_addr(struct stun_out *o, uint16_t type, const struct turn_addr *addr)
{
	uint8_t value[20];

	if (o->w.err)
		return;
	stun_put(o, type, value, put_xor(value, addr, o->start + 4));
}

/* --- Indications ------------------------------------------------------------- */

size_t turn_indication_put(uint8_t *data, size_t len, const struct turn_addr *peer,
			   const uint8_t *tid, uint8_t **start)
{
	size_t addr = peer->family == 4 ? 8 : 20;
	size_t attrs = 4 + addr + 4 + padded(len);
	uint8_t *head = data - 4 - addr - 4 - STUN_HEADER_SIZE, *p = head;

	assert(len <= TURN_DATA_MAX);
	p = put_u16(p, TYPE_DATA);
	p = put_u16(p, (unsigned)attrs);
	p = put_u32(p, STUN_COOKIE);
	memcpy(p, tid, STUN_TID_SIZE);
	p = put_u16(p + STUN_TID_SIZE, TURN_ATTR_XOR_PEER_ADDRESS);
	p = put_u16(p, (unsigned)addr);
	p += put_xor(p, peer, head + 4);
	p = put_u16(p, TURN_ATTR_DATA);
	put_u16(p, (unsigned)len);
	memset(data + len, 0, padded(len) - len);
	*start = head;
	return STUN_HEADER_SIZE + attrs;
}

/* All that RFC 8489 and 8656 define below 0x8000. */
static const uint16_t known[] = {
	STUN_ATTR_MAPPED_ADDRESS, STUN_ATTR_USERNAME,
	STUN_ATTR_INTEGRITY, STUN_ATTR_ERROR_CODE,
	STUN_ATTR_UNKNOWN, STUN_ATTR_REALM,
	STUN_ATTR_NONCE, STUN_ATTR_INTEGRITY_SHA256,
	STUN_ATTR_PASSWORD_ALGORITHM, STUN_ATTR_USERHASH,
	STUN_ATTR_XOR_MAPPED_ADDRESS, TURN_ATTR_CHANNEL_NUMBER,
	TURN_ATTR_LIFETIME, TURN_ATTR_XOR_PEER_ADDRESS,
	TURN_ATTR_DATA, TURN_ATTR_XOR_RELAYED_ADDRESS,
	TURN_ATTR_REQUESTED_FAMILY, TURN_ATTR_EVEN_PORT,
	TURN_ATTR_REQUESTED_TRANSPORT, TURN_ATTR_DONT_FRAGMENT,
	TURN_ATTR_RESERVATION_TOKEN,
};

static bool is_known(uint16_t type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i] == type)
			return true;
	}
	return false;
}

size_t turn_unknown(const struct stun_msg *msg, uint16_t *out, size_t cap)
{
	return stun_unknown(msg, known, ARRAY_LEN(known), out, cap);
}

/*
 * All of Firefox's media comes this way, so no general decoder: one walk, each
 * attribute is looked at once.
 */
int turn_send_get(struct turn_send *out, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	size_t at = STUN_HEADER_SIZE;
	bool peer = false, data = false, behind_integrity = false;

	if (len < STUN_HEADER_SIZE || u16_at(p) != TYPE_SEND)
		return ERR_UNKNOWN;
	if (u32_at(p + 4) != STUN_COOKIE || len % 4 ||
	    u16_at(p + 2) != len - STUN_HEADER_SIZE)
		return ERR_MALFORMED;
	out->dont_fragment = false;
	while (at < len) {
		const uint8_t *value = p + at + 4;
		size_t here = at, value_len;
		uint16_t type = u16_at(p + at);

		/* len is a multiple of 4, so a header is always whole */
		value_len = u16_at(p + at + 2);
		if (padded(value_len) > len - at - 4)
			return ERR_MALFORMED;
		at += 4 + padded(value_len);
		if (type == STUN_ATTR_FINGERPRINT) {
			if (at != len || value_len != 4 ||
			    u32_at(value) != stun_fingerprint(p, here))
				return ERR_MALFORMED;
		} else if (behind_integrity) {
			continue;
		} else if (type == TURN_ATTR_XOR_PEER_ADDRESS) {
			if (!peer && get_xor(&out->peer, value, value_len, p + 4) != 0)
				return ERR_MALFORMED;
			peer = true;
		} else if (type == TURN_ATTR_DATA) {
			if (!data) {
				out->data = value;
				out->len = value_len;
			}
			data = true;
		} else if (type == TURN_ATTR_DONT_FRAGMENT) {
			out->dont_fragment = true;
		} else if (type == STUN_ATTR_INTEGRITY ||
			   type == STUN_ATTR_INTEGRITY_SHA256) {
			behind_integrity = true;
		} else if (stun_attr_required(type) && !is_known(type)) {
			return ERR_MALFORMED;
		}
	}
	return peer && data ? 0 : ERR_MALFORMED;
}

/* --- Attributes of requests ---------------------------------------------------- */

int turn_get_u32(const struct stun_attr *attr, uint32_t *out)
{
	if (attr->len != 4)
		return ERR_MALFORMED;
	*out = u32_at(attr->value);
	return 0;
}

int turn_get_channel(const struct stun_attr *attr, uint16_t *out)
{
	if (attr->len != 4)
		return ERR_MALFORMED;
	*out = u16_at(attr->value);
	return 0;
}

/* One number, and three bytes that are reserved and ignored. */
static int get_u8(const struct stun_attr *attr, uint8_t *out)
{
	if (attr->len != 4)
		return ERR_MALFORMED;
	*out = attr->value[0];
	return 0;
}

int turn_get_transport(const struct stun_attr *attr, uint8_t *out)
{
	return get_u8(attr, out);
}

int turn_get_family(const struct stun_attr *attr, uint8_t *out)
{
	return get_u8(attr, out);
}

int turn_get_even_port(const struct stun_attr *attr, bool *reserve)
{
	if (attr->len != 1)
		return ERR_MALFORMED;
	*reserve = attr->value[0] & 0x80;
	return 0;
}

/* --- Attributes of answers ----------------------------------------------------- */

void turn_put_u32(struct stun_out *o, uint16_t type, uint32_t value)
{
	uint8_t bytes[4];

	put_u32(bytes, value);
	stun_put(o, type, bytes, sizeof(bytes));
}

void turn_put_channel(struct stun_out *o, uint16_t number)
{
	const uint8_t value[4] = {(uint8_t)(number >> 8), (uint8_t)number, 0, 0};

	stun_put(o, TURN_ATTR_CHANNEL_NUMBER, value, sizeof(value));
}

void turn_put_address_error(struct stun_out *o, uint8_t family, unsigned code)
{
	const uint8_t value[4] = {family, 0, (uint8_t)(code / 100),
				  (uint8_t)(code % 100)};

	stun_put(o, TURN_ATTR_ADDRESS_ERROR_CODE, value, sizeof(value));
}
