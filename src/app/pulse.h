/**
 * The pulse of the main loop: each second it tells the service manager that the loop
 * turns (its watchdog kills us when it does not), measures how late it comes, and now
 * and then says in one line how things are, for `systemctl status`.
 */
#ifndef PARAVENT_APP_PULSE_H
#define PARAVENT_APP_PULSE_H

#include <event2/event.h>

#include "app/house.h"

struct pulse;

/* base, h: borrowed. Says READY=1. */
struct pulse *pulse_new(struct event_base *base, struct house *h);

/* Around a SIGHUP. */
void pulse_reloading(struct pulse *p);
void pulse_ready(struct pulse *p);

/* We go. */
void pulse_stopping(struct pulse *p);

/* Accepts NULL. */
void pulse_free(struct pulse *p);

#endif
