/**
 * The room of a meeting: who waits, who is inside, who may do what, who is told
 * (doc/protocol.md, "Signaling", and its last section).
 *
 * The room speaks through a port that app fills in. Its callbacks are called in order
 * and must not call back into core before they return: a connection that fails inside
 * of tell() is reported with room_lost() afterwards.
 */
#ifndef PARAVENT_CORE_ROOM_H
#define PARAVENT_CORE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/instant.h"
#include "core/meeting.h"
#include "core/seat.h"
#include "proto/fact.h"
#include "proto/sigmsg.h"

#define ROOM_RESUME_SIZE (SIGMSG_RESUME_MAX + 1)
#define ROOM_KNOCKS_MAX 16	/* waiting at once; the next is refused as "full" */

struct room_port {
	void *arg;	/* first argument of each */

	/* Whether the ledger takes facts; asked before anything is decided. */
	bool (*writable)(void *arg);

	/**
	 * Remember this. Fills in f->seq and f->at and returns the gate: the seq that must be durable before what it says is told.
	 */
	uint64_t (*fact)(void *arg, struct fact *f);

	/**
	 * Tell to->conn, which is not NULL. gate 0: at once, but never overtaking what
	 * waits; else after that seq is durable. text: borrowed.
	 */
	void (*tell)(void *arg, struct seat *to, uint64_t gate, const char *text,
		     size_t len);

	/**
	 * After all it was told, close to->conn with this code. From now on the
	 * connection has no seat: detach it, and report it no more.
	 */
	void (*hang_up)(void *arg, struct seat *to, uint64_t gate, uint16_t code);

	/**
	 * The seat's memory ends here: forget the pointer, refuse its TURN user name
	 * and close its allocations. Not called where a seat is merely held.
	 */
	void (*forget)(void *arg, struct seat *s);

	/**
	 * The seat went from waiting to inside: what the credentials of one who waits
	 * allowed is over, or may grow.
	 */
	void (*admitted)(void *arg, struct seat *s);

	/* Writes the secret that brings this seat back; always the same for a seat. */
	void (*resume)(void *arg, const struct seat *s, char out[ROOM_RESUME_SIZE]);

	/**
	 * The JSON array of ICE servers for this seat (in its present state: waiting
	 * or inside), valid until the next call; expires_at: wall clock, ms.
	 */
	const char *(*ice)(void *arg, const struct seat *s, int64_t *expires_at);
};

/* Somebody at the door, whose token app has read. */
struct room_guest {
	void *conn;			/* becomes the seat's */
	bool host;			/* comes as a host */
	const char *invitation;		/* the id of the one that opens now, or NULL */
	struct sigmsg_label label;	/* name or sealed */
	const char *resume_id;		/* the seat whose secret was right, or NULL */
	const uint8_t *random;		/* SEAT_RANDOM bytes, for a new seat's id */
};

/* How to refuse: an error message, then the close. */
struct room_refusal {
	enum sigmsg_close close;	/* 0: none, the connection may ask again */
	uint64_t gate;			/* what it rests on must be durable before */
	bool has_error;			/* error and detail are to be told before */
	enum sigmsg_error error;
	const char *detail;		/* static */
};

/**
 * Lets somebody in, or wait, or come back. Has told everybody concerned, the newcomer
 * included, when it returns 0.
 *
 * Returns 0 and the seat, or with `no` filled in: ERR_ENDED (4410), ERR_FORBIDDEN
 * (4403: the resume of one who was denied or removed), ERR_FULL and ERR_LOCKED (4409;
 * also for the 17th who knocks), ERR_TOO_FAST (4429: the same seat, or this door, too
 * often), ERR_UNAVAILABLE (the connection stays).
 *
 * Coming back takes over a connection that still looks open: that one gets error
 * "replaced" and hang_up() with 4403. A resume_id that is not known joins anew.
 *
 * An invitation is for one person (fact invitation.used): who came in by it before is
 * replaced in the same way and loses the place, once it is certain that the newcomer
 * may knock or enter as any other. Who comes back opens it no second time.
 */
int room_join(struct seat **out, struct room_refusal *no, struct meeting *m,
	      struct instant now, const struct room_guest *who);

/**
 * One text message from the seat's connection. Decodes, decides and answers. The seat
 * may be gone or without a connection when it returns: the port has said so.
 *
 * Does not count messages and bytes: traffic_take() is asked before.
 */
void room_hear(struct seat *s, struct instant now, const char *text, size_t len);

/**
 * Its connection is gone, for whatever reason but hang_up(). A participant is held
 * and the others hear participant-away; who waits is held, and hosts hear knock-gone.
 */
void room_lost(struct seat *s, struct instant now);

/**
 * Closes the connection from our side with this code and then goes on as
 * room_lost(): too fast, silent, too slow a reader, a binary frame.
 */
void room_drop(struct seat *s, struct instant now, enum sigmsg_close code);

/* Tells fresh ICE servers, as at half of a credential's life. */
void room_tell_ice(struct seat *s);

/**
 * Ends the meeting for all (fact meeting.ended): everybody is told and hung up on.
 *
 * by_host: the reason people are told, "host" or "api".
 *
 * Returns 0 and the gate, ERR_ENDED when it is over already, or ERR_UNAVAILABLE.
 */
int room_end(struct meeting *m, uint64_t *gate, struct instant now, const char *actor,
	     bool by_host);

#endif
