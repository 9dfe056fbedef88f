/**
 * Whom the relay may talk to: deny by default what is not the public internet, so that
 * it is no door into the network it stands in (RFC 8656 section 21, doc/decisions.md).
 */
#ifndef PARAVENT_CORE_PEERPOLICY_H
#define PARAVENT_CORE_PEERPOLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/cidr.h"
#include "proto/turnaddr.h"

#define PEERPOLICY_RULES_MAX 32
#define PEERPOLICY_OWN_MAX 64
#define PEERPOLICY_PORTS_MAX 16

struct peerpolicy_conf {
	struct cidr allow[PEERPOLICY_RULES_MAX];	/* win over `deny` and the table */
	size_t allow_count;
	struct cidr deny[PEERPOLICY_RULES_MAX];		/* on top of the table */
	size_t deny_count;
	uint16_t deny_port[PEERPOLICY_PORTS_MAX];	/* on top of 0 */
	size_t deny_port_count;
	bool allow_loopback;				/* tests only */
};

struct peerpolicy {
	struct peerpolicy_conf conf;
	struct turn_own own[PEERPOLICY_OWN_MAX];
	size_t own_count;
};

enum peer_verdict {
	PEER_ALLOWED,
	PEER_FORBIDDEN,
	PEER_OWN,	/* this machine: only what is a relay address at that moment */
};

/**
 * Judges the host. An own address is PEER_OWN whatever allow, deny and the table say,
 * and the test switch say: who needs loopback in a test decides by the port, too.
 *
 * The networks that own addresses stand in are refused like those of the table, for
 * behind a firewall that lets nobody in their hosts may trust each other. (No call needs
 * them: whoever is there can be relayed here as well.) `allow` opens them, and a range
 * of the table from within: a rule that is wider does not mean it. A v6 form of a v4 address (mapped, compatible, NAT64, 6to4) is refused
 * whatever `allow` says: a v6 relay has no business with it.
 */
enum peer_verdict peerpolicy_host(const struct peerpolicy *p, const struct turn_addr *a);

/* 127.0.0.0/8 and ::1. */
bool peerpolicy_loopback(const struct turn_addr *a);

/* Whether the port is one that may be sent to. */
bool peerpolicy_port(const struct peerpolicy *p, uint16_t port);

/* Teredo and 6to4: not as clients either (RFC 8656 section 21.4). */
bool peerpolicy_client(const struct turn_addr *a);

/* The table in force, one line each, for the log at the start. */
void peerpolicy_text(const struct peerpolicy_conf *conf, struct buf *out);

#endif
