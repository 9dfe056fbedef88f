#include "proto/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/json.h"

static const char *const ends[] = {
	[REPORT_STAYS] = NULL,
#define X(symbol, name) name,
	REPORT_ENDS(X)
#undef X
};

static const char *const proofs[] = {
	[REPORT_NO_PROOF] = "none",
#define X(symbol, name) name,
	REPORT_PROOFS(X)
#undef X
};

/* The index of a name, or 0. */
static size_t index_of(const char *const *names, size_t count, const char *name,
		       size_t len)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return i;
	return 0;
}

const char *report_end_name(enum report_end end)
{
	return ends[end];
}

enum report_end report_end_of(const char *name, size_t len)
{
	return (enum report_end)index_of(ends, ARRAY_LEN(ends), name, len);
}

const char *report_proof_name(enum report_proof proof)
{
	return proofs[proof];
}

enum report_proof report_proof_of(const char *name, size_t len)
{
	return (enum report_proof)index_of(proofs, ARRAY_LEN(proofs), name, len);
}

void report_init(struct report *r)
{
	memset(r, 0, sizeof(*r));
	plan_init(&r->plan);
}

void report_fini(struct report *r)
{
	free(r->person);
	report_init(r);
}

struct report_person *report_add(struct report *r)
{
	if (r->people == REPORT_PEOPLE_MAX) {
		r->people_more++;
		return NULL;
	}
	/* doubled at each power of two: most meetings have two people */
	if ((r->people & (r->people - 1)) == 0)
		r->person = mem_resize(r->person, (r->people ? r->people * 2 : 1) *
				       sizeof(*r->person));
	memset(&r->person[r->people], 0, sizeof(*r->person));
	return &r->person[r->people++];
}

/* A clock that was set back must not make time run backwards. */
static int64_t between(int64_t from, int64_t to)
{
	return from && to > from ? to - from : 0;
}

int64_t report_inside_ms(const struct report_person *p, int64_t made_at)
{
	return p->inside_ms + between(p->inside_since, made_at);
}

int64_t report_together_ms(const struct report *r, int64_t made_at)
{
	return r->together_ms + between(r->together_since, made_at);
}

int64_t report_waited_ms(const struct report_person *p, int64_t made_at)
{
	int64_t until = made_at;

	if (p->admitted_at)
		until = p->admitted_at;
	else if (p->joined_at)
		until = p->joined_at;
	else if (p->left_at)
		until = p->left_at;
	return between(p->waiting_at, until);
}

const char *report_path_name(const struct report *r)
{
	return r->path_mixed ? "mixed" : sigmsg_path_name(r->path);
}

static void put_text(struct json_writer *w, const char *key, const char *s)
{
	if (s && *s)
		json_put_text(w, key, s);
	else
		json_put_null(w, key);
}

static void put_time(struct json_writer *w, const char *key, int64_t at)
{
	if (at)
		json_put_time(w, key, at);
	else
		json_put_null(w, key);
}

static void put_person(struct json_writer *w, const struct report_person *p,
		       int64_t made_at)
{
	json_put_object(w, NULL);
	json_put_text(w, "id", p->id);
	json_put_text(w, "role", p->host ? "host" : "guest");
	put_time(w, "waitingAt", p->waiting_at);
	json_put_int(w, "waitedSeconds", report_waited_ms(p, made_at) / 1000);
	put_time(w, "admittedAt", p->admitted_at);
	put_time(w, "joinedAt", p->joined_at);
	put_time(w, "leftAt", p->left_at);
	put_text(w, "reason", report_end_name(p->end));
	json_put_int(w, "insideSeconds", report_inside_ms(p, made_at) / 1000);
	json_put_int(w, "away", p->away);
	json_put_end(w);
}

static void put_plan(struct json_writer *w, const struct report *r, const char *practice)
{
	json_put_text(w, "meetingId", r->id);
	if (!r->erased) {
		put_text(w, "title", r->plan.title);
		put_text(w, "hostName", r->plan.host_name);
	}
	json_put_bool(w, "erased", r->erased);
	json_put_text(w, "practice", practice);
	json_put_text(w, "kind", plan_kind_name(r->plan.kind));
	json_put_text(w, "status", r->status);
	json_put_time(w, "startsAt", r->plan.starts_at);
	json_put_int(w, "durationMinutes", r->plan.minutes);
}

static void put_call(struct json_writer *w, const struct report *r, int64_t made_at)
{
	const int64_t seconds = report_together_ms(r, made_at) / 1000;

	json_put_int(w, "bothPresentSeconds", seconds);
	json_put_int(w, "bothPresentMinutes", seconds / 60);
	put_text(w, "path", report_path_name(r));
	json_put_text(w, "verified", report_proof_name(r->verified));
	json_put_int(w, "reconnects", r->reconnects);
	json_put_object(w, "relay");
	json_put_int(w, "bytesUp", (int64_t)r->relay_up);
	json_put_int(w, "bytesDown", (int64_t)r->relay_down);
	json_put_int(w, "seconds", (int64_t)r->relay_seconds);
	json_put_end(w);
}

void report_put(struct buf *b, const struct report *r, int64_t made_at,
		const char *practice)
{
	struct json_writer w;
	size_t i;

	json_put_init(&w, b);
	json_put_object(&w, NULL);
	put_plan(&w, r, practice);
	put_time(&w, "createdAt", r->created_at);
	put_time(&w, "openedAt", r->opened_at);
	put_time(&w, "overAt", r->over_at);
	put_text(&w, "overBy", r->over_by);
	json_put_time(&w, "madeAt", made_at);
	put_call(&w, r, made_at);
	json_put_array(&w, "participants");
	for (i = 0; i < r->people; i++)
		put_person(&w, &r->person[i], made_at);
	json_put_end(&w);
	json_put_int(&w, "moreParticipants", (int64_t)r->people_more);
	json_put_end(&w);
}
