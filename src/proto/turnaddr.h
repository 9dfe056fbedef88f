/**
 * The one form in which the relay compares addresses: an IPv4 address lies in the last
 * four bytes behind ::ffff:, and `family` says that it is one. A v6 address that only
 * looks like it (::ffff:1.2.3.4 from outside) has family 6 and is never equal to it.
 */
#ifndef PARAVENT_PROTO_TURNADDR_H
#define PARAVENT_PROTO_TURNADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct turn_addr {
	uint8_t ip[16];
	uint16_t port;		/* host order */
	uint8_t family;		/* 4 or 6 */
	uint8_t zero;		/* so that all 20 bytes compare */
};

/* An address of ours, and how many of its bits are those of the network it stands in. */
struct turn_own {
	struct turn_addr addr;		/* its port does not matter */
	uint8_t bits;			/* of its family: 0 to 32 or 0 to 128 */
};

/* ip: in network order. */
void turn_addr_v4(struct turn_addr *out, const uint8_t ip[4], uint16_t port);
void turn_addr_v6(struct turn_addr *out, const uint8_t ip[16], uint16_t port);

/* Where the four bytes of an IPv4 address lie. */
static inline const uint8_t *turn_addr_v4_bytes(const struct turn_addr *a)
{
	return a->ip + 12;
}

/* Where an address of this family begins in its 16 bytes. */
static inline const uint8_t *turn_addr_bytes(const struct turn_addr *a)
{
	return a->family == 4 ? turn_addr_v4_bytes(a) : a->ip;
}

/* False (and *out zeroed) when it is neither AF_INET nor AF_INET6. */
bool turn_addr_of(struct turn_addr *out, const struct sockaddr *sa);

/* Returns the length for the kernel. The rest of *out is left as it was. */
socklen_t turn_addr_sockaddr(struct sockaddr_storage *out, const struct turn_addr *a);

/* "192.0.2.1" or "2001:db8::1", without a port. False when it is neither. */
bool turn_addr_parse(struct turn_addr *out, const char *text, uint16_t port);

#define TURN_ADDR_TEXT_SIZE 46

/* The other way; the port is not written. */
void turn_addr_text(char out[TURN_ADDR_TEXT_SIZE], const struct turn_addr *a);

static inline bool turn_addr_equal(const struct turn_addr *a, const struct turn_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The same host, whatever the ports. */
static inline bool turn_addr_same_ip(const struct turn_addr *a,
				     const struct turn_addr *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->family == b->family;
}

#define TURN_ADDR_KEY_SIZE 9

/* Whom to count as one: an IPv4 address, or the /64 of a v6 address. */
void turn_addr_key(uint8_t key[TURN_ADDR_KEY_SIZE], const struct turn_addr *a);

#endif
