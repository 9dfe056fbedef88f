/**
 * Whether a server is where others are told to look for it: for commands, which may wait.
 */
#ifndef PARAVENT_NET_PROBE_H
#define PARAVENT_NET_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Of one way: a connection, or an answer. */
#define PROBE_PATIENCE_S 3

#define PROBE_ADDRESSES_MAX 8

struct probe_address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/**
 * The addresses of a host (len bytes: a name, or an address without brackets), each with
 * this port.
 *
 * Returns how many, at most PROBE_ADDRESSES_MAX; ERR_NOT_FOUND when it has none.
 */
int probe_find(struct probe_address out[PROBE_ADDRESSES_MAX], const char *host, size_t len,
	       uint16_t port);

/**
 * Asks for a STUN Binding, by UDP (again each second) or by TCP.
 *
 * Returns 0, or ERR_UNAVAILABLE without an answer.
 */
int probe_stun(const struct probe_address *at, bool tcp);

/* Whether a TCP connection is taken. Returns 0 or ERR_UNAVAILABLE. */
int probe_tcp(const struct probe_address *at);

/**
 * Whether who answers there with TLS shows the first certificate of this file (PEM), byte
 * for byte; whoever issued it does not matter then.
 *
 * Returns 0, ERR_UNAVAILABLE without an answer, ERR_CONFLICT (no TLS, or another
 * certificate), ERR_NOT_FOUND or ERR_MALFORMED (the file).
 */
int probe_tls(const struct probe_address *at, const char *certificate);

#endif
