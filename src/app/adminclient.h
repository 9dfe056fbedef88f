/**
 * The other end of the admin socket: commands ask the server that runs on this machine.
 */
#ifndef PARAVENT_APP_ADMINCLIENT_H
#define PARAVENT_APP_ADMINCLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "proto/json.h"

struct adminclient_answer {
	int status;		/* of HTTP */
	struct buf body;	/* JSON, or empty */
};

void adminclient_fini(struct adminclient_answer *a);

/**
 * Asks and waits. Where there is no good answer (no server, or a refusal), a sentence
 * that begins with `command` has been said on stderr.
 *
 * command: "paravent key", for that sentence.
 * path:    as it goes on the wire.
 * body:    JSON, NULL for none.
 * answer:  adminclient_fini() it, on success only.
 *
 * Returns 0 for a status of 200 to 299, else ERR_UNAVAILABLE (no server runs),
 * ERR_NOT_FOUND (404), ERR_FORBIDDEN or ERR_IO.
 */
int adminclient_ask(struct adminclient_answer *answer, const char *command,
		    const char *state_dir, const char *method, const char *path,
		    const char *body);

/* The members of one of the answer's `items`. */
typedef void adminclient_item_fn(const struct json_member *m, int count);

/* Calls fn for each of them. False when the answer has none of the kind. */
bool adminclient_items(const struct adminclient_answer *a, adminclient_item_fn *fn);

/* A member as text for a terminal: a string, a number, or "" for null and what is not
 * there. */
void adminclient_text(char *out, size_t cap, const struct json_member *m, int count,
		      const char *key);

#endif
