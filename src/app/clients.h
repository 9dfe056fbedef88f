/**
 * Who is at the other end of a request, and how much that address may ask.
 *
 * The address is the peer's, or what a trusted proxy says. Whoever asks from this
 * machine without a proxy is our own (a dashboard, a command) and may ask all.
 */
#ifndef PARAVENT_APP_CLIENTS_H
#define PARAVENT_APP_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addresses.h"
#include "net/httpconn.h"
#include "proto/conf.h"
#include "proto/forwarded.h"
#include "proto/turnaddr.h"

struct client {
	struct turn_addr addr;		/* its port is 0 */
	bool here;			/* it is this machine, as far as anybody says */
	bool limited;			/* counts are kept of it */
	enum forwarded_proto proto;	/* as it asked; unsaid: plainly, as we know */
};

struct clients;

/* conf: borrowed; call-rate is read again each time. */
struct clients *clients_new(const struct conf *conf);
void clients_free(struct clients *c);		/* accepts NULL */

/* Whether a proxy must be in front, for public-url is https and nothing here speaks TLS,
 * and none is trusted: then all clients look like this machine. */
bool clients_are_hidden(const struct conf *conf);

#define CLIENTS_HIDDEN                                                        \
	"public-url is https and there is no tls-certificate, so a proxy is in front, " \
	"but none is a trusted-proxy: all clients are taken for this machine, no limit " \
	"holds, and who guesses at a password makes its owner wait"

void clients_find(struct client *out, const struct clients *c,
		  const struct http_request *rq);

/**
 * Whether it may do one more of this now; takes it.
 *
 *   ADDRESS_CALLS   call-rate a second, ten times as many at once
 *   ADDRESS_JOINS   5 a second, 60 at once
 *   ADDRESS_MISSES  1 a second, 2000 at once
 */
bool clients_take(struct clients *c, const struct client *who, enum address_kind kind);

/* Whether it may, and takes nothing: for what turns out to be a miss only later. */
bool clients_may(const struct clients *c, const struct client *who,
		 enum address_kind kind);

/* The networks of trusted proxies, which do not change while the server runs. */
const struct cidr *clients_proxies(const struct clients *c, size_t *count);

#endif
