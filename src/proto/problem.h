/**
 * Errors of the HTTP API as application/problem+json (RFC 9457): the one table that
 * turns an ERR_* into a status, and the writer.
 */
#ifndef PARAVENT_PROTO_PROBLEM_H
#define PARAVENT_PROTO_PROBLEM_H

#include <stddef.h>

#include "base/buf.h"

struct problem {
	int status;
	const char *code;	/* type is "urn:paravent:error:<code>" */
	const char *title;
	const char *detail;	/* what a person can do, where nobody knows better */
};

/* Never NULL; what should not reach a client is a 500 without a reason. */
const struct problem *problem_of(int err);

#define PROBLEM_FIELDS_MAX 8
#define PROBLEM_FIELD_SIZE 64

/* What is wrong with which member of a body. */
struct problem_fields {
	size_t count;
	struct {
		char field[PROBLEM_FIELD_SIZE];	/* cut, when the client's is longer */
		const char *detail;		/* static */
	} item[PROBLEM_FIELDS_MAX];
};

/* Adds one; beyond the eighth they are dropped. field: UTF-8. */
void problem_add(struct problem_fields *f, const char *field, const char *detail);

/**
 * Appends the body.
 *
 * detail: NULL for that of the table.
 * fields: NULL or empty for none.
 */
void problem_put(struct buf *b, const struct problem *p, const char *detail,
		 const struct problem_fields *fields);

#endif
