/**
 * One webhook as the operator describes it: where the facts go, which of them, and what
 * proves that they are ours. The block of the configuration file is read by conf.h,
 * which asks the checks of this file about each value.
 */
#ifndef PARAVENT_PROTO_HOOKCONF_H
#define PARAVENT_PROTO_HOOKCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define HOOKCONF_NAME_MAX 40
#define HOOKCONF_KINDS_MAX 32
#define HOOKCONF_URL_MAX 1024

/* All strings are there (never NULL) and owned by the struct. */
struct hookconf {
	char *name;		/* letters, digits, '-' and '_' */
	char *url;		/* http:// or https:// */
	char *secret_file;	/* a whole path */
	char *ca_file;		/* a whole path; "": the system's authorities */
	char **kinds;		/* "meeting.*", "call.lost"; none: all */
	size_t kinds_count;
	bool allow_private;	/* addresses that are not of the public internet */
};

void hookconf_fini(struct hookconf *h);		/* accepts one of zeros */
void hookconf_copy(struct hookconf *out, const struct hookconf *h);
bool hookconf_equal(const struct hookconf *a, const struct hookconf *b);

/*
 * What is wrong with a value, as the end of a sentence that begins with it (`"x" is no
 * ...`), or NULL.
 */
const char *hookconf_check_name(const char *value);
const char *hookconf_check_url(const char *value);
const char *hookconf_check_kind(const char *value);

/* http:// is for this machine, or where private addresses are allowed. Else as above. */
const char *hookconf_check_together(const struct hookconf *h);

/* Whether the URL names this machine itself: localhost, 127.0.0.0/8 or [::1]. */
bool hookconf_is_local(const struct hookconf *h);

/* Whether the hook wants facts of this kind. */
bool hookconf_wants(const struct hookconf *h, const char *kind, size_t len);

/* Appends the URL without its query, for whoever lists hooks. */
void hookconf_put_place(const struct hookconf *h, struct buf *out);

#endif
