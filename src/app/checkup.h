/**
 * What `paravent check` looks at beyond the configuration, each told in one line: good;
 * doubtful, which somebody should look at; or wrong, which fails the check.
 */
#ifndef PARAVENT_APP_CHECKUP_H
#define PARAVENT_APP_CHECKUP_H

#include <stdbool.h>

#include "proto/conf.h"

struct checkup {
	unsigned wrong, doubtful;
};

/* what: "disk"; the rest: a sentence, and what to do where it is not good. */
void checkup_good(const char *what, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void checkup_doubt(struct checkup *c, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void checkup_wrong(struct checkup *c, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether the certificate can be used, for how long, and for our name. */
void checkup_certificate(struct checkup *c, const struct conf *conf);

/* Room on the disk, the clock, the ledger and its backups (checkmachine.c). */
void checkup_machine(struct checkup *c, const struct conf *conf);

/* Whether a server runs in the configured folder; says how it is where it does. */
bool checkup_server(struct checkup *c, const struct conf *conf);

/* Whether that server is where the world is told to look for it: the page and the relay
 * through the public name, by UDP, TCP and TLS (checkreach.c). May take seconds. */
void checkup_reach(struct checkup *c, const struct conf *conf);

#endif
