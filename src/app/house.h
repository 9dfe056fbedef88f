/**
 * The house: the meetings that are not over, the API keys and the staff in memory, the
 * ledger that remembers them, the reader that looks up what is over, and the gate that keeps answers
 * back until their facts are on disk. All that is served works on it.
 */
#ifndef PARAVENT_APP_HOUSE_H
#define PARAVENT_APP_HOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include "app/gate.h"
#include "app/metrics.h"
#include "core/keyset.h"
#include "core/meetings.h"
#include "core/sessionset.h"
#include "core/staffset.h"
#include "proto/conf.h"
#include "proto/token.h"
#include "store/ledger.h"
#include "store/reader.h"

struct clients;
struct issuers;

struct house {
	const struct conf *conf;	/* borrowed; may change at SIGHUP */
	struct ledger *ledger;
	struct reader *reader;		/* once it is loaded */
	struct clients *clients;	/* borrowed; who asks how much */
	struct gate gate;
	struct meetings *meetings;
	struct keyset *keys;
	struct issuers *issuers;	/* whose tokens are taken */
	struct staffset *staff;
	struct sessionset *sessions;	/* of the staff: app/doorkeeper fills it */
	uint8_t key[TOKEN_KEY_SIZE];	/* the server's own, for tokens */
	bool loading;			/* nobody is served yet */
	int64_t replayed_at;		/* wall clock of the fact being replayed, or 0 */
	bool stopping;			/* nothing that happens now is a fact */
	bool draining;			/* no visit begins; those that run go on */
	struct metrics metrics;
	struct event *turn_ends;	/* when a turn of the loop has made facts */

	uint32_t server_version;	/* of the stream "server" */
	bool was_running;		/* the log's last server fact is no stop */
	struct bucket refusals;		/* of tokens: how many become facts */
};

/**
 * Opens the ledger of conf->state_dir and reads the server's key, which is made when
 * there is none. base: borrowed. issuers: taken. Returns 0 or an error whose sentence is
 * in `why`.
 */
int house_new(struct house **out, const struct conf *conf, struct event_base *base,
	      struct issuers *issuers, struct why *why);

/**
 * Ends the threads of the ledger and its reader: what was asked of them is done, or done
 * with ERR_UNAVAILABLE. After it nobody may be served. Accepts NULL.
 */
void house_shut(struct house *h);

/* Shuts it if need be. Accepts NULL. */
void house_free(struct house *h);

/**
 * Replays what is alive in the ledger, starts its thread and the reader's, closes what a
 * crash had cut, and remembers that the server started. The port is how rooms speak.
 */
int house_load(struct house *h, const struct room_port *port, const char *version,
	       struct why *why);

/* Remembers that the server stops in good order, and shuts. */
void house_stop(struct house *h);

/* For the port, and for all that decides facts: takes it; returns its gate. */
uint64_t house_fact(struct house *h, struct fact *f);

/* The same for the next fact of the stream "server". */
uint64_t house_server_fact(struct house *h, enum fact_kind kind,
			   const struct factdata *d);

/* The same for the next fact about somebody of the staff, who must be there; memory has
 * it then. actor: NULL for that person. */
uint64_t house_staff_fact(struct house *h, const char *name, enum fact_kind kind,
			  const struct factdata *d, const char *actor);

/* The ledger's fd was readable: opens the gate. False: it is broken, the process must
 * end and read anew what is on disk. */
bool house_ledger_moved(struct house *h);

/* Whether visits may begin: /readyz. */
bool house_ready(const struct house *h);

struct instant house_now(void);

/* Whether a request's or handshake's Origin is one of ours; a client that sends none
 * is no browser, and allowed. host: of the request. */
bool house_origin_ok(const struct house *h, const char *origin, size_t origin_len,
		     const char *host, size_t host_len);

/* The same where it has to be there, and of this site alone: for what rides on a cookie. */
bool house_origin_is_ours(const struct house *h, const char *origin, size_t origin_len,
			  const char *host, size_t host_len);

#endif
