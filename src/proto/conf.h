/**
 * What the operator may choose, and what holds where nothing was chosen.
 *
 * The file is `key = value` lines, and blocks of such lines; `conf.d` beside it holds more of them, read in the
 * order of their names, and what is read later wins. With no file at all the defaults
 * serve the try-out: http://localhost:8080, loopback only. paravent.conf(5) explains
 * each key.
 */
#ifndef PARAVENT_PROTO_CONF_H
#define PARAVENT_PROTO_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/log.h"
#include "proto/hookconf.h"
#include "proto/jwtconf.h"

#define CONF_WEBHOOKS_MAX 32

/* How many values a list may have; more is an error that says so. */
#define CONF_LIST_MAX 32

struct conf_list {
	char **item;
	size_t count;
};

/* An address to listen on, ready for bind(2). */
struct conf_addr {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct conf_range {
	uint16_t min, max;	/* both count */
};

enum conf_access {
	CONF_ACCESS_OPEN,	/* anybody who reaches the server makes meetings */
	CONF_ACCESS_STAFF,	/* who has signed in, or has a key or token, does */
};

/*
 * All strings are there (never NULL; "" is "not set") and owned by the struct. Each
 * value has been checked: what is here can be used. Of the addresses that nobody chose
 * those count that the machine has.
 */
struct conf {
	char *name;			/* the practice, as patients read it */
	char *public_url;		/* "https://host[:port]", no slash at the end */
	bool url_follows;		/* nobody chose it: it follows `listen` */
	struct conf_list listen;	/* "address:port", TCP, at least one */
	bool listen_default;		/* nobody chose them */
	struct conf_list stun_listen;	/* "address:port", UDP and TCP; none: no STUN */
	bool stun_default;
	char *stun_host;		/* what browsers are told, without a port */
	bool relay;			/* TURN besides STUN */
	struct conf_range relay_ports;
	struct conf_list relay_address;	/* what peers see: one v4, one v6, or none */
	struct conf_list relay_peer_allow, relay_peer_deny;	/* "address/bits" */
	struct conf_list metrics_listen;	/* "address:port"; none: no metrics */
	bool metrics_default;
	char *tls_certificate;		/* both files or neither */
	char *tls_key;
	char *state_dir;		/* absolute */
	bool state_default;
	struct conf_list allowed_origins;	/* besides public_url's own */
	struct conf_list embed_origin;	/* whose pages may frame the join page */
	enum conf_access access;
	bool access_default;		/* nobody chose it: open on loopback alone */
	struct conf_list trusted_proxy;	/* "address/bits": whose X-Forwarded-* count */
	unsigned call_rate;		/* API calls a second and address; 0: no limit */
	unsigned connections_per_address;	/* 0: no limit */
	unsigned message_rate;		/* a second and connection; 0: no limit */
	unsigned retain_personal_days;	/* after the end of a meeting; 0: for ever */
	unsigned retain_facts_days;	/* 0: for ever */
	enum log_level log_level;
	struct hookconf *webhooks;	/* blocks of the file, each name once */
	size_t webhooks_count;
	struct jwtconf *issuers;	/* the same; at most JWTCONF_MAX */
	size_t issuers_count;
};

void conf_fini(struct conf *c);		/* accepts a conf of zeros */

/**
 * Reads `path` and then `conf.d/<name>.conf` beside it over the defaults.
 *
 * c:      on success holds the result (conf_fini() it); untouched on failure.
 * path:   borrowed. NULL: no file, just the defaults, which follow XDG_STATE_HOME,
 *         HOME and the effective user id.
 * errors: on failure gets one line per mistake, "file:line: what is wrong and what
 *         to do", each ended by '\n'; as many mistakes as can be told in one go.
 *
 * Returns 0, ERR_NOT_FOUND when `path` is not there, ERR_IO when a file cannot be
 * read, ERR_MALFORMED for everything else.
 */
int conf_load(struct conf *c, const char *path, struct buf *errors);

/**
 * Listens there instead, as the command line says; a public_url that nobody chose
 * follows. where: borrowed, each as conf_addr() reads it, at most CONF_LIST_MAX.
 */
void conf_set_listen(struct conf *c, const char *const *where, size_t count);

/* The same from memory, with `name` in the place of the file's name. No file is read. */
int conf_parse(struct conf *c, const char *name, const char *text, size_t len,
	       struct buf *errors);

/* Appends the whole configuration as a file that conf_load() reads back the same. */
void conf_print(const struct conf *c, struct buf *out);

/**
 * What SIGHUP does not change: appends the keys that differ between `a` and `b` and are
 * read at start only, separated by ", ". Returns how many. The others (certificate
 * files, allowed-origins, embed-origin, call-rate, message-rate, retain-*, log-level,
 * webhooks, issuers) are taken over while the server runs.
 */
size_t conf_changed_needs_restart(const struct conf *a, const struct conf *b,
				  struct buf *keys);

/**
 * Reads "192.0.2.1:443" or "[2001:db8::1]:443"; numbers only, so that nothing is
 * looked up. Returns 0 or ERR_MALFORMED.
 */
int conf_addr(struct conf_addr *out, const char *s);

/* The port of a listen address, in host order. */
uint16_t conf_addr_port(const struct conf_addr *a);

/* "open" or "staff". */
const char *conf_access_name(enum conf_access access);

/* Whether browsers reach us by https: public-url says so. */
bool conf_is_https(const struct conf *c);

#endif
