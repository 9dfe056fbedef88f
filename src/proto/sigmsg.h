/**
 * The signaling messages, "paravent.v1" (doc/protocol.md, "Signaling"): text of a
 * client <-> struct sigmsg, and the writers of everything the server says.
 */
#ifndef PARAVENT_PROTO_SIGMSG_H
#define PARAVENT_PROTO_SIGMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* X(symbol, name): what clients may say */
#define SIGMSG_TYPES(X)                                                       \
	X(SIGMSG_JOIN, "join")                                                \
	X(SIGMSG_SIGNAL, "signal")                                            \
	X(SIGMSG_MEDIA, "media")                                              \
	X(SIGMSG_ICE, "ice")                                                  \
	X(SIGMSG_REPORT, "report")                                            \
	X(SIGMSG_TEST, "test")                                                \
	X(SIGMSG_ADMIT, "admit")                                              \
	X(SIGMSG_DENY, "deny")                                                \
	X(SIGMSG_REMOVE, "remove")                                            \
	X(SIGMSG_NOTE, "note")                                                \
	X(SIGMSG_LOCK, "lock")                                                \
	X(SIGMSG_END, "end")                                                  \
	X(SIGMSG_LEAVE, "leave")

enum sigmsg_type {
	SIGMSG_NONE,		/* not known: no such type */
#define X(symbol, name) symbol,
	SIGMSG_TYPES(X)
#undef X
	SIGMSG_TYPE_COUNT
};

/* The name, or NULL for SIGMSG_NONE. */
const char *sigmsg_type_name(enum sigmsg_type type);

/* X(symbol, name): `event` of a report; each is a fact "call.<name>" */
#define SIGMSG_EVENTS(X)                                                      \
	X(SIGMSG_CONNECTED, "connected")                                      \
	X(SIGMSG_VERIFIED, "verified")                                        \
	X(SIGMSG_UNVERIFIED, "unverified")                                    \
	X(SIGMSG_REFUSED, "refused")                                          \
	X(SIGMSG_LOST, "lost")                                                \
	X(SIGMSG_SUMMARY, "summary")

enum sigmsg_event {
#define X(symbol, name) symbol,
	SIGMSG_EVENTS(X)
#undef X
	SIGMSG_EVENT_COUNT
};

/* X(symbol, name): `path` of a report */
#define SIGMSG_PATHS(X)                                                       \
	X(SIGMSG_DIRECT, "direct")                                            \
	X(SIGMSG_RELAY_UDP, "relay-udp")                                      \
	X(SIGMSG_RELAY_TCP, "relay-tcp")                                      \
	X(SIGMSG_RELAY_TLS, "relay-tls")

enum sigmsg_path {
	SIGMSG_NO_PATH,
#define X(symbol, name) symbol,
	SIGMSG_PATHS(X)
#undef X
	SIGMSG_PATH_COUNT
};

/* The name, or NULL for SIGMSG_NO_PATH. */
const char *sigmsg_path_name(enum sigmsg_path path);

/* SIGMSG_NO_PATH when there is no such path. */
enum sigmsg_path sigmsg_path_of(const char *name, size_t len);

/* X(symbol, code): `code` of an error */
#define SIGMSG_ERRORS(X)                                                      \
	X(SIGMSG_BAD_MESSAGE, "bad-message")                                  \
	X(SIGMSG_NOT_ADMITTED, "not-admitted")                                \
	X(SIGMSG_NOT_HOST, "not-host")                                        \
	X(SIGMSG_NO_SUCH_PARTICIPANT, "no-such-participant")                  \
	X(SIGMSG_ALREADY_JOINED, "already-joined")                            \
	X(SIGMSG_FULL, "full")                                                \
	X(SIGMSG_REPLACED, "replaced")                                        \
	X(SIGMSG_UNAVAILABLE, "unavailable")                                  \
	X(SIGMSG_TOO_EARLY, "too-early")

enum sigmsg_error {
#define X(symbol, code) symbol,
	SIGMSG_ERRORS(X)
#undef X
	SIGMSG_ERROR_COUNT
};

enum sigmsg_close {
	SIGMSG_CLOSE_DONE = 1000,
	SIGMSG_CLOSE_GOING_AWAY = 1001,		/* come back with resume */
	SIGMSG_CLOSE_PROTOCOL = 1008,
	SIGMSG_CLOSE_TOO_BIG = 1009,
	SIGMSG_CLOSE_OUR_FAULT = 1011,
	SIGMSG_CLOSE_BAD_JOIN = 4400,
	SIGMSG_CLOSE_BAD_TOKEN = 4401,
	SIGMSG_CLOSE_FORBIDDEN = 4403,		/* denied, removed, replaced */
	SIGMSG_CLOSE_NO_MEETING = 4404,
	SIGMSG_CLOSE_TIMEOUT = 4408,
	SIGMSG_CLOSE_FULL = 4409,		/* or locked */
	SIGMSG_CLOSE_ENDED = 4410,
	SIGMSG_CLOSE_TOO_FAST = 4429,
};

#define SIGMSG_ID_LEN 16		/* a participant: 12 bytes in base64url */
#define SIGMSG_ID_SIZE (SIGMSG_ID_LEN + 1)
#define SIGMSG_NAME_MAX 80		/* characters; 320 bytes */
#define SIGMSG_SEALED_MAX 1024		/* a sealed name */
#define SIGMSG_NOTE_MAX 500		/* characters */
#define SIGMSG_NOTE_SEALED_MAX 4096	/* a sealed note: 500 characters and padding */
#define SIGMSG_TEXT_MAX SIGMSG_NOTE_SEALED_MAX
#define SIGMSG_RESUME_MAX 128
#define SIGMSG_TOKEN_MAX 4096
#define SIGMSG_STATS_MAX 512
#define SIGMSG_RESULT_MAX 1024

struct sigmsg_media {
	bool audio, video, screen, hand;
};

/* What the others are to believe of somebody who has not said anything yet. */
#define SIGMSG_MEDIA_INIT {.audio = true, .video = true}

/**
 * A decoded message. Members not of its type hold nothing to rely on.
 */
struct sigmsg {
	enum sigmsg_type type;
	const char *detail;		/* with ERR_RANGE: a sentence; static */
	char id[SIGMSG_ID_SIZE];	/* `to`, `id`, `peer`; "" when it is no id */
	bool sealed;			/* join, note: `text` is sealed, base64url */
	size_t text_len;		/* join: the name; note: the text */
	char text[SIGMSG_TEXT_MAX + 1];
	size_t token_len;		/* join; 0: none; one more than MAX: it was cut */
	char token[SIGMSG_TOKEN_MAX + 2];
	char resume[SIGMSG_RESUME_MAX + 1];	/* join; "": none, or not one of ours */
	const char *raw;		/* signal: data, test: result; borrowed */
	size_t raw_len;
	struct sigmsg_media media;	/* media */
	bool on;			/* lock */
	enum sigmsg_event event;	/* report */
	enum sigmsg_path path;		/* report */
	size_t stats_len;		/* report; 0: none. Canonical JSON of numbers */
	char stats[SIGMSG_STATS_MAX + 1];	/* and booleans under plain keys */
};

/**
 * Reads one message.
 *
 * text: borrowed; `raw` points into it.
 *
 * Returns 0; ERR_MALFORMED for what is not one JSON object with each member once (the
 * connection is closed); ERR_UNKNOWN for a type that is not ours (ignored); or
 * ERR_RANGE with `detail` for a known type with wrong members or no type at all
 * (answered by an error).
 *
 * Unknown members are ignored; an optional member that is null counts as absent. An id
 * or a resume that cannot be one of ours reads as "", so that it is answered as one
 * that is not known.
 */
int sigmsg_decode(struct sigmsg *out, const char *text, size_t len);

/* A name or a note. text NULL: not known, and nothing is written. */
struct sigmsg_label {
	const char *text;
	size_t len;
	bool sealed;
};

struct sigmsg_person {
	const char *id;
	bool host;
	struct sigmsg_label label;
	struct sigmsg_media media;
	bool away;
};

/* The writers append one message each. Everything is borrowed. */

/* meeting, ice: JSON already. position: 1 is next. */
void sigmsg_put_waiting(struct buf *b, const char *id, const char *resume,
			int position, const char *meeting, size_t meeting_len,
			const char *ice);

struct sigmsg_welcome {
	const char *id, *resume;
	bool host;
	const char *meeting;		/* JSON */
	size_t meeting_len;
	const struct sigmsg_person *person;	/* the others inside */
	size_t count;
	const char *ice;		/* JSON */
	int64_t ice_expires_at;		/* wall clock, ms */
};
void sigmsg_put_welcome(struct buf *b, const struct sigmsg_welcome *m);

void sigmsg_put_knock(struct buf *b, const char *id, const struct sigmsg_label *l);
void sigmsg_put_knock_gone(struct buf *b, const char *id);
void sigmsg_put_knock_test(struct buf *b, const char *id, const char *result,
			   size_t len);
void sigmsg_put_joined(struct buf *b, const char *id, bool host,
		       const struct sigmsg_label *l);
void sigmsg_put_away(struct buf *b, const char *id);

/* With the name, for those who knew only the id since a restart of the server. */
void sigmsg_put_back(struct buf *b, const char *id, const struct sigmsg_label *l);
void sigmsg_put_left(struct buf *b, const char *id, const char *reason);

/* data is passed on byte for byte. */
void sigmsg_put_signal(struct buf *b, const char *from, const char *data, size_t len);
void sigmsg_put_media(struct buf *b, const char *id, const struct sigmsg_media *m);
void sigmsg_put_ice(struct buf *b, const char *ice, int64_t ice_expires_at);
void sigmsg_put_note(struct buf *b, const struct sigmsg_label *l);
void sigmsg_put_locked(struct buf *b, bool on);
void sigmsg_put_ended(struct buf *b, const char *reason);
void sigmsg_put_denied(struct buf *b);
void sigmsg_put_removed(struct buf *b);

/* re: SIGMSG_NONE leaves it out. */
void sigmsg_put_error(struct buf *b, enum sigmsg_error code, const char *detail,
		      enum sigmsg_type re);

/* The error SIGMSG_TOO_EARLY to a join, with the time from which the link opens. */
void sigmsg_put_too_early(struct buf *b, int64_t opens_at);

#endif
