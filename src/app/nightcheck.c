#include "app/nightcheck.h"

#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/verifier.h"

#define LOOK_MS 600000
#define HOUR_MS INT64_C(3600000)
#define NIGHT_BEGINS 3		/* o'clock, local time: DST leaves it alone */
#define NIGHT_ENDS 5

struct nightcheck {
	struct loop *loop;
	struct loop_timer timer;
	struct verifier *verifier;
	struct event *on_end;
	int64_t last;
};

bool nightcheck_due(int64_t now, int64_t last)
{
	const time_t seconds = (time_t)(now / 1000);
	struct tm tm;

	if (now - last >= 25 * HOUR_MS)
		return true;
	localtime_r(&seconds, &tm);
	return tm.tm_hour >= NIGHT_BEGINS && tm.tm_hour < NIGHT_ENDS &&
	       now - last >= (NIGHT_ENDS - NIGHT_BEGINS) * HOUR_MS;
}

static void on_look(struct loop_timer *t)
{
	struct nightcheck *n = CONTAINER_OF(t, struct nightcheck, timer);
	const int64_t now = clock_wall_ms();

	loop_timer_set(n->loop, t, loop_now_ms(n->loop) + LOOK_MS);
	/* a clock that was set back would make us wait */
	if (n->last > now)
		n->last = now;
	if (nightcheck_due(now, n->last) && verifier_begin(n->verifier))
		n->last = now;
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct nightcheck *n = arg;
	struct verify found;
	struct why why;
	char hash[2 * FACT_HASH_SIZE + 1];
	int err = verifier_end(n->verifier, &found, &why);

	(void)fd;
	(void)what;
	if (err == ERR_CORRUPT) {
		log_error("ledger does not verify why=\"%s\"", why.text);
	} else if (err) {
		log_warn("ledger could not be verified why=\"%s\"", why.text);
	} else {
		hex_encode(hash, found.head.hash, FACT_HASH_SIZE);
		log_info("ledger verifies facts=%llu head=%llu:%s",
			 (unsigned long long)found.facts,
			 (unsigned long long)found.head.seq, hash);
	}
}

int nightcheck_new(struct nightcheck **out, struct loop *l, const char *state_dir,
		   struct why *why)
{
	struct nightcheck *n = mem_new(sizeof(*n));
	int err;

	n->loop = l;
	n->last = clock_wall_ms();
	loop_timer_init(&n->timer, on_look);
	err = verifier_new(&n->verifier, state_dir, why);
	if (err) {
		nightcheck_free(n);
		return err;
	}
	n->on_end = event_new(loop_base(l), verifier_fd(n->verifier), EV_READ | EV_PERSIST,
			      on_end, n);
	event_add(n->on_end, NULL);
	on_look(&n->timer);
	*out = n;
	return 0;
}

void nightcheck_free(struct nightcheck *n)
{
	if (!n)
		return;
	loop_timer_stop(n->loop, &n->timer);
	if (n->on_end)
		event_free(n->on_end);
	verifier_free(n->verifier);
	free(n);
}
