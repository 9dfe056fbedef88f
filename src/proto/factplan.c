/* The plan of a meeting in facts: meeting.created and meeting.changed. */
#include "proto/factdata.h"

#include "base/err.h"
#include "proto/factread.h"

#define CHANGE_ALL                                                            \
	(CHANGE_CAPACITY | CHANGE_MINUTES | CHANGE_KIND | CHANGE_LOCALE |     \
	 CHANGE_RELAY_ONLY | CHANGE_STARTS_AT | CHANGE_WAITING_ROOM)

static void put_data(struct fact *f, const struct meeting_plan *p, unsigned int has)
{
	struct buf b = BUF_INIT;
	struct json_writer w;

	json_put_init_sorted(&w, &b);
	json_put_object(&w, NULL);
	if (has & CHANGE_CAPACITY)
		json_put_int(&w, "capacity", p->capacity);
	if (has & CHANGE_MINUTES)
		json_put_int(&w, "durationMinutes", p->minutes);
	if (has & CHANGE_KIND)
		json_put_text(&w, "kind", plan_kind_name(p->kind));
	if (has & CHANGE_LOCALE)
		json_put_text(&w, "locale", p->locale);
	if (has & CHANGE_RELAY_ONLY)
		json_put_bool(&w, "relayOnly", p->relay_only);
	if (has & CHANGE_STARTS_AT)
		json_put_time(&w, "startsAt", p->starts_at);
	if (has & CHANGE_WAITING_ROOM)
		json_put_bool(&w, "waitingRoom", p->waiting_room);
	json_put_end(&w);
	factread_keep(f->data, FACT_DATA_MAX, &f->data_len, &b);
}

static void put_personal(struct fact *f, const struct meeting_plan *p, unsigned int has)
{
	struct buf b = BUF_INIT;
	struct json_writer w;

	f->personal[0] = '\0';
	f->personal_len = 0;
	if (!(has & CHANGE_PERSONAL))
		return;
	json_put_init_sorted(&w, &b);
	json_put_object(&w, NULL);
	if (has & CHANGE_HOST_NAME)
		json_put_text(&w, "hostName", p->host_name);
	if (has & CHANGE_TITLE)
		json_put_text(&w, "title", p->title);
	json_put_end(&w);
	factread_keep(f->personal, FACT_PERSONAL_MAX, &f->personal_len, &b);
}

void factdata_put_plan(struct fact *f, const struct meeting_plan *p)
{
	put_data(f, p, CHANGE_ALL);
	put_personal(f, p, (p->host_name[0] ? CHANGE_HOST_NAME : 0) |
		     (p->title[0] ? CHANGE_TITLE : 0));
}

void factdata_put_change(struct fact *f, const struct meeting_change *c)
{
	put_data(f, &c->to, c->has);
	put_personal(f, &c->to, c->has);
}

static enum plan_kind read_kind(struct factread *r)
{
	enum plan_kind kind = PLAN_CONSULTATION;
	char word[16];
	size_t len = factread_text(r, "kind", word, sizeof(word), true);

	r->bad |= plan_kind_of(&kind, word, len) != 0;
	return kind;
}

/* A reading, and which members it must have and has had. */
struct reading {
	struct factread r;
	unsigned int has;
};

static bool wants(struct reading *x, unsigned int member, const char *key)
{
	if (factread_has(&x->r, key))
		x->has |= member;
	return x->has & member;
}

static void read_data(struct meeting_plan *out, struct reading *x, const struct fact *f)
{
	struct factread *r = &x->r;
	size_t len;

	factread_object(r, f->data, f->data_len);
	if (wants(x, CHANGE_CAPACITY, "capacity"))
		out->capacity = (uint8_t)factread_int(r, "capacity", PLAN_CAPACITY_MIN,
						      PLAN_CAPACITY_MAX);
	if (wants(x, CHANGE_MINUTES, "durationMinutes"))
		out->minutes = (uint32_t)factread_int(r, "durationMinutes",
						      PLAN_MINUTES_MIN,
						      PLAN_MINUTES_MAX);
	if (wants(x, CHANGE_KIND, "kind"))
		out->kind = read_kind(r);
	if (wants(x, CHANGE_LOCALE, "locale")) {
		len = factread_text(r, "locale", out->locale, sizeof(out->locale), true);
		r->bad |= len && !plan_locale_ok(out->locale, len);
	}
	if (wants(x, CHANGE_RELAY_ONLY, "relayOnly"))
		out->relay_only = factread_bool(r, "relayOnly", true);
	if (wants(x, CHANGE_STARTS_AT, "startsAt"))
		out->starts_at = factread_time(r, "startsAt");
	if (wants(x, CHANGE_WAITING_ROOM, "waitingRoom"))
		out->waiting_room = factread_bool(r, "waitingRoom", true);
}

static void read_personal(struct meeting_plan *out, struct reading *x,
			  const struct fact *f)
{
	struct factread *r = &x->r;

	if (r->bad || !f->personal_len)
		return;
	factread_object(r, f->personal, f->personal_len);
	if (wants(x, CHANGE_HOST_NAME, "hostName"))
		factread_text(r, "hostName", out->host_name, sizeof(out->host_name),
			      true);
	if (wants(x, CHANGE_TITLE, "title"))
		factread_text(r, "title", out->title, sizeof(out->title), true);
}

int factdata_get_plan(struct meeting_plan *out, const struct fact *f)
{
	struct reading x = {.has = CHANGE_ALL};

	plan_init(out);
	read_data(out, &x, f);
	read_personal(out, &x, f);
	return x.r.bad ? ERR_CORRUPT : 0;
}

int factdata_get_change(struct meeting_change *out, const struct fact *f)
{
	struct reading x = {.has = 0};

	plan_init(&out->to);
	read_data(&out->to, &x, f);
	read_personal(&out->to, &x, f);
	out->has = x.has;
	return x.r.bad ? ERR_CORRUPT : 0;
}
