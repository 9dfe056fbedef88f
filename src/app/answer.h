/**
 * Answers of the API: problem documents at once, and what must not leave before its
 * facts are on disk.
 */
#ifndef PARAVENT_APP_ANSWER_H
#define PARAVENT_APP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/gate.h"
#include "app/house.h"
#include "base/buf.h"
#include "net/httpconn.h"
#include "net/loop.h"
#include "proto/problem.h"
#include "proto/signin.h"

/* Appends the problem document of a status that is HTTP's own (http_problem_fn). */
void reply_put_problem(struct buf *body, int status);

/* Answers with a problem document; detail, fields: NULL for the problem's own words. */
void reply_problem(struct http_request *rq, const struct problem *p, const char *detail,
		   const struct problem_fields *fields);
void reply_status(struct http_request *rq, int status);
void reply_status_detail(struct http_request *rq, int status, const char *detail);
void reply_err(struct http_request *rq, int err, const char *detail);
void reply_not_allowed(struct http_request *rq, const char *allow);

/**
 * An answer that is made now and leaves later. `body`, `type`, `location`,
 * `cookie` and `status` may be filled in until answer_wait() or answer_send().
 */
struct answer {
	struct loop *loop;
	struct house *house;
	struct http_request *rq;	/* NULL once nobody waits for it */
	struct gate_waiter waiter;
	struct loop_timer timer;
	bool held;		/* answer_hold() */
	int status;
	const char *type;	/* static; without a body there is none */
	struct buf body;
	char location[80];	/* "": none */
	char cookie[SIGNIN_COOKIE_SIZE];	/* of Set-Cookie; "": none */
};

/* The answer to `rq`, of application/json. */
struct answer *answer_new(struct loop *l, struct house *h, struct http_request *rq,
			  int status);

/**
 * Takes the answer: it leaves when `gate` is durable, becomes a 503 when the disk takes
 * longer than ten seconds, and is forgotten when the client goes away.
 */
void answer_wait(struct answer *a, uint64_t gate);

/* Takes it: it leaves now. */
void answer_send(struct answer *a);

/**
 * For an answer that waits for something else than the gate, such as a reader's job:
 * from here on a client that goes away, or has got a 503 after ten seconds, leaves `rq`
 * NULL behind, and answer_send() then only frees. The one who waits still has to call
 * it, or answer_wait().
 */
void answer_hold(struct answer *a);

/**
 * It cannot be done as things are: 409, once these are on disk (gate), so that the client
 * is told nothing that a crash undoes.
 */
void answer_conflict(struct loop *l, struct house *h, struct http_request *rq,
		     uint64_t gate, const char *detail);

/* Takes it: a problem leaves in its place. */
void answer_problem(struct answer *a, int err, const char *detail);

#endif
