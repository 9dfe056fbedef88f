/**
 * A word to the service manager that started us (sd_notify(3)): one datagram with lines
 * of KEY=VALUE to the socket that NOTIFY_SOCKET names. Without it all of this is silent.
 */
#ifndef PARAVENT_NET_SDNOTIFY_H
#define PARAVENT_NET_SDNOTIFY_H

#include <stdint.h>

struct sdnotify;

/* Reads the environment. */
struct sdnotify *sdnotify_new(void);

/* Accepts NULL. */
void sdnotify_free(struct sdnotify *n);

/* text: "READY=1\nSTATUS=..."; never waits. */
void sdnotify_say(struct sdnotify *n, const char *text);

/* How often it wants WATCHDOG=1 at the least; 0: it does not watch this process. */
uint64_t sdnotify_watchdog_ms(const struct sdnotify *n);

#endif
