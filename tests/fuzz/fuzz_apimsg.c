/*
 * A plan that decodes is in bounds, goes into a fact and comes back the same, and the
 * meeting and the problem made of it are JSON. So is the plan that a change makes of
 * another, and the change differs in all that it names. An invitation's wish is in bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proto/apimsg.h"
#include "proto/factdata.h"
#include "proto/invitemsg.h"
#include "proto/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795166400000

static void check(int holds)
{
	if (!holds)
		abort();
}

static void is_object(struct buf *b)
{
	struct json_member m[32];

	check(json_scan(m, 32, b->p, b->len) > 0);
	buf_fini(b);
}

static void remember(const struct meeting_plan *p)
{
	static struct fact f;
	struct meeting_plan back;

	f.kind = FACT_MEETING_CREATED;
	factdata_put_plan(&f, p);
	check(factdata_get_plan(&back, &f) == 0);
	check(back.kind == p->kind && back.starts_at == p->starts_at);
	check(back.minutes == p->minutes && back.capacity == p->capacity);
	check(back.waiting_room == p->waiting_room && back.relay_only == p->relay_only);
	check(strcmp(back.locale, p->locale) == 0);
	check(strcmp(back.title, p->title) == 0);
	check(strcmp(back.host_name, p->host_name) == 0);
}

static void in_bounds(const struct meeting_plan *p)
{
	check(p->minutes >= PLAN_MINUTES_MIN && p->minutes <= PLAN_MINUTES_MAX);
	check(p->capacity >= PLAN_CAPACITY_MIN && p->capacity <= PLAN_CAPACITY_MAX);
}

static void change(const char *body, size_t size)
{
	static struct fact f;
	struct meeting_change c, back;
	struct problem_fields fields;
	struct meeting_plan is, then;
	int err;

	plan_init(&is);
	is.starts_at = NOW - 1800000;
	strcpy(is.title, "Title");
	then = is;
	err = apimsg_change_decode(&c, &fields, NOW, &is, body, size);
	check(err == 0 || err == ERR_MALFORMED || err == ERR_RANGE || err == ERR_TOO_BIG);
	check((err == ERR_RANGE) == (fields.count > 0));
	if (err)
		return;
	plan_change(&then, &c);
	in_bounds(&then);
	f.kind = FACT_MEETING_CHANGED;
	factdata_put_change(&f, &c);
	check(factdata_get_change(&back, &f) == 0 && back.has == c.has);
	plan_narrow(&back, &is);
	check(back.has == c.has);
	plan_narrow(&back, &then);
	check(!back.has);
}

static void invite(const char *body, size_t size)
{
	struct problem_fields fields;
	struct invitation_wish wish;
	struct buf b = BUF_INIT;
	int err = invitemsg_decode(&wish, &fields, NOW, body, size);

	check(err == 0 || err == ERR_MALFORMED || err == ERR_RANGE);
	check((err == ERR_RANGE) == (fields.count > 0));
	problem_put(&b, problem_of(err), NULL, &fields);
	is_object(&b);
	if (err)
		return;
	check(!wish.expires_at || wish.expires_at > NOW);
	check(wish.opens_before <= INVITATION_OPENS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct apimsg_meeting m = {
		.id = "AAAAAAAAAAAAAAAAAAAAAA", .status = "scheduled",
		.created_at = NOW, .base_url = "https://visit.example", .practice = "Praxis",
	};
	struct problem_fields fields;
	struct meeting_plan plan;
	struct buf b = BUF_INIT;
	int err = apimsg_plan_decode(&plan, &fields, NOW, (const char *)data, size);

	check(err == 0 || err == ERR_MALFORMED || err == ERR_RANGE || err == ERR_TOO_BIG);
	check((err == ERR_RANGE) == (fields.count > 0));
	problem_put(&b, problem_of(err), NULL, &fields);
	is_object(&b);
	change((const char *)data, size);
	invite((const char *)data, size);
	if (err)
		return 0;
	in_bounds(&plan);
	if (!plan.starts_at)
		plan.starts_at = NOW;
	m.plan = &plan;
	apimsg_put_meeting(&b, &m);
	is_object(&b);
	remember(&plan);
	return 0;
}
