/**
 * What lists, events and reports have in common: a question to the reader whose answer
 * goes to a request, which may be gone by then.
 */
#ifndef PARAVENT_APP_OUTLET_H
#define PARAVENT_APP_OUTLET_H

#include <stdbool.h>

#include "app/answer.h"
#include "app/house.h"
#include "net/loop.h"
#include "proto/problem.h"
#include "store/reader.h"

/* What outlets work on; all borrowed. */
struct outlet {
	struct loop *loop;
	struct house *house;
};

/* Answers 422. */
void outlet_refuse(struct http_request *rq, const struct problem_fields *fields);

/* The same with one field that only a database could know to be wrong; takes `a`. */
void outlet_refuse_late(struct answer *a, const char *field, const char *detail);

/**
 * Queues the job, whose done() gets `a` to send, if somebody is there to read it still.
 * False: the reader takes nothing, 503 is on its way, `a` is gone, and done() is not
 * called.
 */
bool outlet_ask(const struct outlet *o, struct reader_job *job, struct answer *a);

/**
 * For done(): answers an error of the job, and takes `a`; false when there is none. An
 * error that is nobody's fault but ours is logged, with the call that met it.
 */
bool outlet_failed(struct answer *a, const char *call, int err, const struct why *why);

#endif
