/**
 * What TURN (RFC 8656) adds to STUN: methods, attributes, and ChannelData.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------------------------------+-------------------------------+
 *     |  channel number 0x4000-0x4fff |  length of the data           |
 *     +-------------------------------+-------------------------------+
 *     |  data ...  (padded to 4 on streams, not counted in the length)
 */
#ifndef PARAVENT_PROTO_TURNMSG_H
#define PARAVENT_PROTO_TURNMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/stun.h"
#include "proto/turnaddr.h"

enum turn_method {
	TURN_ALLOCATE = 0x003,
	TURN_REFRESH = 0x004,
	TURN_SEND = 0x006,		/* indications only */
	TURN_DATA = 0x007,		/* indications only, never to a server */
	TURN_CREATE_PERMISSION = 0x008,
	TURN_CHANNEL_BIND = 0x009,
};

enum turn_attr_type {
	TURN_ATTR_CHANNEL_NUMBER = 0x000c,
	TURN_ATTR_LIFETIME = 0x000d,
	TURN_ATTR_XOR_PEER_ADDRESS = 0x0012,
	TURN_ATTR_DATA = 0x0013,
	TURN_ATTR_XOR_RELAYED_ADDRESS = 0x0016,
	TURN_ATTR_REQUESTED_FAMILY = 0x0017,
	TURN_ATTR_EVEN_PORT = 0x0018,
	TURN_ATTR_REQUESTED_TRANSPORT = 0x0019,
	TURN_ATTR_DONT_FRAGMENT = 0x001a,
	TURN_ATTR_RESERVATION_TOKEN = 0x0022,
	TURN_ATTR_ADDITIONAL_FAMILY = 0x8000,
	TURN_ATTR_ADDRESS_ERROR_CODE = 0x8001,
};

#define TURN_FAMILY_IPV4 1
#define TURN_FAMILY_IPV6 2

#define TURN_PROTOCOL_UDP 17		/* REQUESTED-TRANSPORT: IANA's numbers */
#define TURN_TOKEN_SIZE 8

#define TURN_CHANNEL_MIN 0x4000
#define TURN_CHANNEL_MAX 0x4fff
#define TURN_CHANNEL_HEADER_SIZE 4

/* The longest message of a stream: nothing larger fits a datagram on the other side. */
#define TURN_FRAME_MAX 65536

/* --- Framing ----------------------------------------------------------------- */

/**
 * Whether the first byte is one of ChannelData: 64 to 79 (RFC 8656 section 12). With
 * `rfc5766` up to 127, for old test tools.
 */
static inline bool turn_channel_first_byte(uint8_t byte, bool rfc5766)
{
	return byte >= 0x40 && byte <= (rfc5766 ? 0x7f : 0x4f);
}

/**
 * How many bytes the message takes that a stream starts with: STUN 20 and its length,
 * ChannelData 4 and its length rounded up to 4 (section 12.5).
 *
 * Judges as early as it can: a first byte that starts neither, or a wrong cookie in the
 * first 8 bytes, needs no more bytes to be refused. A channel number outside of the
 * range is a frame too; the rules drop it.
 *
 * Returns the length, at most TURN_FRAME_MAX; ERR_TRUNCATED when more bytes are needed
 * to tell; ERR_MALFORMED or ERR_TOO_BIG: close the connection.
 */
ssize_t turn_frame(const void *stream, size_t len);

/* The longest data: whatever frames it, the message is one that turn_frame() takes. */
#define TURN_INDICATION_HEADER_MAX 48
#define TURN_DATA_MAX (TURN_FRAME_MAX - TURN_INDICATION_HEADER_MAX)

/* The data begins TURN_CHANNEL_HEADER_SIZE behind the message's start. */
struct turn_channel_data {
	uint16_t number;
	size_t len;
};

/**
 * Reads ChannelData: a datagram may be longer than it says (the tail is ignored), never
 * shorter (section 12.6). Returns 0, ERR_TRUNCATED, or ERR_MALFORMED (not in 0x4000 to
 * 0x7fff).
 */
int turn_channel_get(struct turn_channel_data *out, const void *bytes, size_t len);

/**
 * Writes the four bytes in front of `len` bytes of data (at most TURN_DATA_MAX), and
 * for a stream zeros behind it up to a multiple of 4.
 *
 * data: with TURN_CHANNEL_HEADER_SIZE bytes before it and three behind it.
 *
 * Returns the whole length, from data - 4 on.
 */
size_t turn_channel_put(uint8_t *data, size_t len, uint16_t number, bool stream);

/* --- Indications ------------------------------------------------------------- */

/**
 * Writes a Data indication (section 11.4) in front of `len` bytes of data (at most
 * TURN_DATA_MAX), and zeros behind it up to a multiple of 4. Without integrity,
 * fingerprint and software: 36 bytes in front for a v4 peer,
 * TURN_INDICATION_HEADER_MAX for a v6 one.
 *
 * data: with that many bytes before it and three behind it. tid: STUN_TID_SIZE bytes.
 *
 * Returns the length of the whole message; *start is set to its first byte.
 */
size_t turn_indication_put(uint8_t *data, size_t len, const struct turn_addr *peer,
			   const uint8_t *tid, uint8_t **start);

/* What a Send indication says (section 11.3). */
struct turn_send {
	struct turn_addr peer;
	const uint8_t *data;		/* borrowed, in place */
	size_t len;
	bool dont_fragment;
};

/**
 * Reads a message that starts like a Send indication in one pass: as stun_decode() and
 * stun_find() would, first occurrences only.
 *
 * Returns 0; ERR_UNKNOWN when it is no Send indication (nothing else was looked at);
 * ERR_MALFORMED when it is one to discard.
 */
int turn_send_get(struct turn_send *out, const void *bytes, size_t len);

/* stun_unknown() with all that RFC 8489 and RFC 8656 define. */
size_t turn_unknown(const struct stun_msg *msg, uint16_t *out, size_t cap);

/* --- Attributes of requests ---------------------------------------------------- */

/* Each returns 0 or ERR_MALFORMED (a wrong length or a value that is not defined). */
int turn_get_u32(const struct stun_attr *attr, uint32_t *out);		/* LIFETIME */
int turn_get_channel(const struct stun_attr *attr, uint16_t *out);	/* any number */
int turn_get_transport(const struct stun_attr *attr, uint8_t *out);	/* any number */
int turn_get_family(const struct stun_attr *attr, uint8_t *out);	/* any number */
int turn_get_even_port(const struct stun_attr *attr, bool *reserve);
int turn_get_addr(const struct stun_msg *msg, const struct stun_attr *attr,
		  struct turn_addr *out);				/* XOR-... */

/* --- Attributes of answers ----------------------------------------------------- */

void turn_put_addr(struct stun_out *o, uint16_t type, const struct turn_addr *addr);
void turn_put_u32(struct stun_out *o, uint16_t type, uint32_t value);
void turn_put_channel(struct stun_out *o, uint16_t number);
void turn_put_address_error(struct stun_out *o, uint8_t family, unsigned code);

#endif
