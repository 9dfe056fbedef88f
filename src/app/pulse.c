#include "app/pulse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/sdnotify.h"

#define BEAT_US 1000000

struct pulse {
	struct house *house;
	struct sdnotify *notify;
	struct event *beat;
	uint64_t due_us;		/* when the next beat should be */
	uint64_t watchdog_ms, fed_ms;	/* 0: nobody watches */
	struct buf status;		/* said last */
};

/* A machine that nobody has set up yet serves itself alone, and should say so. */
static void put_status(struct buf *out, const struct house *h)
{
	struct metrics_people people;

	metrics_people(&people, h->meetings);
	buf_puts(out, "STATUS=");
	if (!ledger_writable(h->ledger))
		buf_puts(out, "The disk takes nothing; visits go on. ");
	if (h->draining)
		buf_puts(out, "Draining: no visit begins. ");
	if (h->conf->listen_default)
		buf_printf(out, "Not set up: a try-out on %s for this machine alone; man "
			   "paravent.conf.", h->conf->public_url);
	else
		buf_printf(out, "%s: %zu visits, %zu people inside, %zu waiting.",
			   h->conf->public_url, people.meetings, people.inside,
			   people.waiting);
}

static void tell_status(struct pulse *p)
{
	struct buf text = BUF_INIT;

	put_status(&text, p->house);
	if (strcmp(text.p, p->status.p) == 0) {
		buf_fini(&text);
		return;
	}
	sdnotify_say(p->notify, text.p);
	buf_fini(&p->status);
	p->status = text;
}

static void beat_at(struct pulse *p, uint64_t due_us)
{
	uint64_t now = clock_mono_us(), in = due_us > now ? due_us - now : 0;
	const struct timeval tv = {(time_t)(in / 1000000), (suseconds_t)(in % 1000000)};

	p->due_us = due_us;
	event_add(p->beat, &tv);
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct pulse *p = arg;
	uint64_t now = clock_mono_us();

	(void)fd;
	(void)what;
	promtext_observe(&p->house->metrics.lag, now > p->due_us ? now - p->due_us : 0);
	/* three times an interval, so that one that is lost does no harm */
	if (p->watchdog_ms && now / 1000 - p->fed_ms >= p->watchdog_ms / 3) {
		sdnotify_say(p->notify, "WATCHDOG=1");
		p->fed_ms = now / 1000;
	}
	tell_status(p);
	/* from now and not from when it was due: a machine that slept beats once */
	beat_at(p, now + BEAT_US);
}

struct pulse *pulse_new(struct event_base *base, struct house *h)
{
	struct pulse *p = mem_new(sizeof(*p));

	p->house = h;
	p->notify = sdnotify_new();
	p->watchdog_ms = sdnotify_watchdog_ms(p->notify);
	buf_init(&p->status);
	p->beat = event_new(base, -1, 0, on_beat, p);
	beat_at(p, clock_mono_us() + BEAT_US);
	pulse_ready(p);
	tell_status(p);
	return p;
}

void pulse_reloading(struct pulse *p)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_mono_us());
	sdnotify_say(p->notify, text.p);
	buf_fini(&text);
}

void pulse_ready(struct pulse *p)
{
	sdnotify_say(p->notify, "READY=1");
}

void pulse_stopping(struct pulse *p)
{
	sdnotify_say(p->notify, "STOPPING=1\nSTATUS=Stopping.");
}

void pulse_free(struct pulse *p)
{
	if (!p)
		return;
	event_free(p->beat);
	sdnotify_free(p->notify);
	buf_fini(&p->status);
	free(p);
}
