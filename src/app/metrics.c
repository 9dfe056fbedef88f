#include "app/metrics.h"

#include <string.h>

#include "proto/factdata.h"

/* --- HTTP ---------------------------------------------------------------------------- */

static bool begins(const char *path, const char *with)
{
	return strncmp(path, with, strlen(with)) == 0;
}

static enum metrics_route route_of(const char *path)
{
	static const char meetings[] = "/api/meetings/";
	const char *last;

	if (strcmp(path, "/") == 0 || begins(path, "/join/"))
		return METRICS_PAGE;
	if (strcmp(path, "/healthz") == 0 || strcmp(path, "/readyz") == 0)
		return METRICS_HEALTH;
	if (strcmp(path, "/api/meetings") == 0)
		return METRICS_MEETINGS;
	if (strcmp(path, "/api/events") == 0)
		return METRICS_EVENTS;
	if (begins(path, meetings)) {
		last = strchr(path + sizeof(meetings) - 1, '/');
		if (last && strcmp(last, "/socket") == 0)
			return METRICS_SIGNALING;
		return last && strcmp(last, "/events") == 0 ? METRICS_EVENTS
							    : METRICS_MEETING;
	}
	return begins(path, "/api/") ? METRICS_API : METRICS_ASSET;
}

static enum metrics_code code_of(int status)
{
	switch (status) {
#define X(number)                                                             \
	case number:                                                          \
		return METRICS_CODE_##number;
	METRICS_CODES(X)
#undef X
	}
	return METRICS_CODE_599;
}

void metrics_answered(void *arg, const struct http_request *rq, int status, uint64_t took)
{
	struct metrics *m = arg;
	enum metrics_route route = rq ? route_of(rq->head.path) : METRICS_UNREADABLE;
	/* what could not be read has no method either; its route says so */
	int method = rq ? (int)rq->head.method : METRICS_METHOD_GET;

	m->http[route][method][code_of(status)]++;
	if (rq)
		promtext_observe(&m->http_took, took);
}

/* --- Who is there --------------------------------------------------------------------- */

static int count_people(void *arg, struct meeting *m)
{
	struct metrics_people *people = arg;
	int inside = meeting_inside(m);

	people->meetings += inside > 0;
	people->inside += (size_t)inside;
	people->waiting += (size_t)meeting_waiting(m);
	return 0;
}

void metrics_people(struct metrics_people *out, const struct meetings *ms)
{
	*out = (struct metrics_people){.meetings = 0};
	meetings_each(ms, count_people, out);
}

/* --- The door ------------------------------------------------------------------------- */

void metrics_joined(struct metrics *m, bool waiting)
{
	m->join[waiting ? METRICS_JOIN_WAITING : METRICS_JOIN_INSIDE]++;
}

static enum metrics_join join_of(enum sigmsg_close close)
{
	switch (close) {
	case SIGMSG_CLOSE_BAD_TOKEN:
		return METRICS_JOIN_TOKEN;
	case SIGMSG_CLOSE_FORBIDDEN:
		return METRICS_JOIN_FORBIDDEN;
	case SIGMSG_CLOSE_NO_MEETING:
		return METRICS_JOIN_NO_MEETING;
	case SIGMSG_CLOSE_FULL:
		return METRICS_JOIN_FULL;
	case SIGMSG_CLOSE_ENDED:
		return METRICS_JOIN_ENDED;
	case SIGMSG_CLOSE_TOO_FAST:
		return METRICS_JOIN_TOO_FAST;
	case SIGMSG_CLOSE_PROTOCOL:
	case SIGMSG_CLOSE_BAD_JOIN:
		return METRICS_JOIN_BAD;
	default:
		return METRICS_JOIN_UNAVAILABLE;
	}
}

void metrics_refused(struct metrics *m, enum sigmsg_close close)
{
	m->join[join_of(close)]++;
}

/* --- The ledger ------------------------------------------------------------------------ */

void metrics_fact(struct metrics *m, const struct fact *f, uint64_t now_us)
{
	struct factdata d;

	m->fact[f->kind]++;
	if (f->kind == FACT_CALL_CONNECTED && factdata_get(&d, f) == 0)
		m->call[d.path]++;
	/* one of those on their way is enough: a commit takes all that wait */
	if (!m->timed_seq) {
		m->timed_seq = f->seq;
		m->timed_us = now_us;
	}
}

void metrics_durable(struct metrics *m, uint64_t seq, uint64_t now_us)
{
	if (!m->timed_seq || seq < m->timed_seq)
		return;
	promtext_observe(&m->append, now_us - m->timed_us);
	m->timed_seq = 0;
}
