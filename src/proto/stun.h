/**
 * STUN messages (RFC 8489): read in place, written straight through, signed at the end.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---+-------------------------+-------------------------------+
 *     |0 0|   method and class      |  length of the attributes     |
 *     +---+-------------------------+-------------------------------+
 *     |                 magic cookie 0x2112a442                     |
 *     +-------------------------------------------------------------+
 *     |                 transaction id, 12 bytes                    |
 *     +-------------------------------------------------------------+
 *     |  type         |  length       |  value, padded to 4  ...    |
 *
 * Only the form with the cookie: RFC 3489's was dropped. The codec knows Binding and
 * no other method; it reads and writes all of them.
 */
#ifndef PARAVENT_PROTO_STUN_H
#define PARAVENT_PROTO_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/wire.h"

#define STUN_HEADER_SIZE 20
#define STUN_TID_SIZE 12
#define STUN_COOKIE 0x2112a442u

#define STUN_SHA1_SIZE 20
#define STUN_SHA256_SIZE 32

/* The largest answer that stun_answer_binding() gives. */
#define STUN_ANSWER_MAX 128

enum stun_class {
	STUN_REQUEST = 0,
	STUN_INDICATION = 1,
	STUN_SUCCESS = 2,
	STUN_ERROR = 3,
};

enum stun_method {
	STUN_BINDING = 0x001,
};

enum stun_attr_type {
	STUN_ATTR_MAPPED_ADDRESS = 0x0001,
	STUN_ATTR_USERNAME = 0x0006,
	STUN_ATTR_INTEGRITY = 0x0008,
	STUN_ATTR_ERROR_CODE = 0x0009,
	STUN_ATTR_UNKNOWN = 0x000a,
	STUN_ATTR_REALM = 0x0014,
	STUN_ATTR_NONCE = 0x0015,
	STUN_ATTR_INTEGRITY_SHA256 = 0x001c,
	STUN_ATTR_PASSWORD_ALGORITHM = 0x001d,
	STUN_ATTR_USERHASH = 0x001e,
	STUN_ATTR_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_ATTR_PASSWORD_ALGORITHMS = 0x8002,
	STUN_ATTR_ALTERNATE_DOMAIN = 0x8003,
	STUN_ATTR_SOFTWARE = 0x8022,
	STUN_ATTR_ALTERNATE_SERVER = 0x8023,
	STUN_ATTR_FINGERPRINT = 0x8028,
};

/* Below 0x8000 an attribute must be understood (section 14). */
static inline bool stun_attr_required(uint16_t type)
{
	return type < 0x8000;
}

/* One attribute, in place. */
struct stun_attr {
	uint16_t type;
	uint16_t len;		/* without the padding */
	const uint8_t *value;	/* borrowed from the message */
};

/* A message as read: nothing is copied, all points into the caller's bytes. */
struct stun_msg {
	enum stun_class class;
	uint16_t method;	/* twelve bits */
	const uint8_t *tid;	/* STUN_TID_SIZE bytes */
	const uint8_t *bytes;	/* from the header on */
	size_t len;		/* header and attributes */
	size_t sha1, sha256;	/* where MESSAGE-INTEGRITY... begins; 0: none */
	bool fingerprint;	/* there is one, and it is right */
};

/* --- Reading ----------------------------------------------------------------- */

/**
 * Whether a datagram or the first byte of a message can be STUN (RFC 7983 section 7).
 */
static inline bool stun_first_byte(uint8_t byte)
{
	return byte <= 3;
}

/**
 * Reads one datagram that is one message: header checks of section 6.3, and each
 * attribute lies inside. A FINGERPRINT, where there is one, is right and the last.
 *
 * Returns 0, ERR_TRUNCATED when the message is not all there, ERR_MALFORMED for
 * anything else that is not one whole message. `len` must be exactly the message's.
 */
int stun_decode(struct stun_msg *msg, const void *datagram, size_t len);

/**
 * The length of the message that a stream starts with, from its first 20 bytes.
 * Returns it, ERR_TRUNCATED with fewer bytes, or ERR_MALFORMED.
 */
ssize_t stun_frame(const void *stream, size_t len);

/**
 * Walks the attributes that count: those behind MESSAGE-INTEGRITY do not, but for
 * MESSAGE-INTEGRITY-SHA256 and FINGERPRINT (section 14.5), nor those behind
 * MESSAGE-INTEGRITY-SHA256 but for FINGERPRINT (section 14.6).
 *
 * at: 0 before the first call; belongs to the walk.
 *
 * Returns true with `out` set, false at the end.
 */
bool stun_next(const struct stun_msg *msg, size_t *at, struct stun_attr *out);

/* The first attribute of a type (section 14: only the first counts); false: none. */
bool stun_find(const struct stun_msg *msg, uint16_t type, struct stun_attr *out);

/* What FINGERPRINT says about the `len` bytes before it (section 14.7); the header's
 * length must be the final one. */
uint32_t stun_fingerprint(const void *bytes, size_t len);

/**
 * Lists the comprehension-required attribute types that are not among `known`, each
 * once, at most `cap`. Returns how many were written to `out`.
 */
size_t stun_unknown(const struct stun_msg *msg, const uint16_t *known,
		    size_t known_count, uint16_t *out, size_t cap);

/**
 * Checks MESSAGE-INTEGRITY (HMAC-SHA1) and MESSAGE-INTEGRITY-SHA256 in constant time.
 * The latter must have all 32 bytes: no truncation.
 *
 * Returns 0, ERR_NOT_FOUND when the message has none, ERR_MALFORMED when its length
 * is wrong, ERR_UNAUTHORIZED when it does not fit the key.
 */
int stun_check_sha1(const struct stun_msg *msg, const void *key, size_t key_len);
int stun_check_sha256(const struct stun_msg *msg, const void *key, size_t key_len);

/**
 * Reads the value of an XOR-...-ADDRESS attribute (section 14.2). Returns 0 or
 * ERR_MALFORMED (a wrong length or family).
 */
int stun_get_xor_addr(const struct stun_msg *msg, const struct stun_attr *attr,
		      struct sockaddr_storage *out);

/**
 * Reads ERROR-CODE (section 14.8). Returns the code, 300 to 699, or ERR_MALFORMED.
 */
int stun_get_error(const struct stun_attr *attr);

/* --- Writing ----------------------------------------------------------------- */

/**
 * A message being written. Each put brings the header's length up to date, so the
 * message is whole after each of them; the first error sticks in `w.err`.
 */
struct stun_out {
	struct wire w;
	uint8_t *start;
};

/* tid: STUN_TID_SIZE bytes, borrowed; may lie inside another message. */
struct stun_out stun_begin(void *out, size_t cap, enum stun_class class,
			   uint16_t method, const void *tid);

/* Padding is written as zeros. */
void stun_put(struct stun_out *o, uint16_t type, const void *value, size_t len);

/* ERR_MALFORMED sticks when the address is neither IPv4 nor IPv6. */
void stun_put_xor_addr(struct stun_out *o, uint16_t type, const struct sockaddr *addr);

/* code: 300 to 699; without a reason phrase, which nobody reads and each byte of
 * which makes us a better amplifier. */
void stun_put_error(struct stun_out *o, unsigned code);

void stun_put_unknown(struct stun_out *o, const uint16_t *types, size_t count);

/* Signs what has been put so far. */
void stun_put_sha1(struct stun_out *o, const void *key, size_t key_len);
void stun_put_sha256(struct stun_out *o, const void *key, size_t key_len);

/* The last attribute, if any. */
void stun_put_fingerprint(struct stun_out *o);

/* Returns the length of the message, or the error that stuck. */
ssize_t stun_end(const struct stun_out *o);

/* --- Binding ----------------------------------------------------------------- */

/**
 * The whole of a STUN server (section 12): what to answer to one datagram.
 *
 * out:  at least STUN_ANSWER_MAX bytes, not overlapping `in`.
 * in:   any bytes from anybody.
 * from: IPv4 or IPv6; where `in` came from.
 *
 * Returns the bytes of the answer: XOR-MAPPED-ADDRESS, 32 bytes for IPv4 and 44 for
 * IPv6, or a 420 that names what we do not understand; with FINGERPRINT (8 more) if
 * the request had one. 0 is silence: not a Binding request, or not STUN at all.
 */
ssize_t stun_answer_binding(uint8_t *out, size_t cap, const uint8_t *in, size_t len,
			    const struct sockaddr *from);

#endif
