#include "proto/plan.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static const struct {
	const char *name;
	uint8_t capacity;
} kinds[] = {
#define X(symbol, name, capacity) {name, capacity},
	PLAN_KINDS(X)
#undef X
};

void plan_init(struct meeting_plan *p)
{
	memset(p, 0, sizeof(*p));
	p->kind = PLAN_CONSULTATION;
	p->minutes = 60;
	p->capacity = plan_kind_capacity(p->kind);
	p->waiting_room = true;
}

void plan_change(struct meeting_plan *p, const struct meeting_change *c)
{
	if (c->has & CHANGE_CAPACITY)
		p->capacity = c->to.capacity;
	if (c->has & CHANGE_MINUTES)
		p->minutes = c->to.minutes;
	if (c->has & CHANGE_KIND)
		p->kind = c->to.kind;
	if (c->has & CHANGE_LOCALE)
		strcpy(p->locale, c->to.locale);
	if (c->has & CHANGE_RELAY_ONLY)
		p->relay_only = c->to.relay_only;
	if (c->has & CHANGE_STARTS_AT)
		p->starts_at = c->to.starts_at;
	if (c->has & CHANGE_WAITING_ROOM)
		p->waiting_room = c->to.waiting_room;
	if (c->has & CHANGE_HOST_NAME)
		strcpy(p->host_name, c->to.host_name);
	if (c->has & CHANGE_TITLE)
		strcpy(p->title, c->to.title);
}

void plan_narrow(struct meeting_change *c, const struct meeting_plan *p)
{
	unsigned int same = 0;

	if (c->to.capacity == p->capacity)
		same |= CHANGE_CAPACITY;
	if (c->to.minutes == p->minutes)
		same |= CHANGE_MINUTES;
	if (c->to.kind == p->kind)
		same |= CHANGE_KIND;
	if (strcmp(c->to.locale, p->locale) == 0)
		same |= CHANGE_LOCALE;
	if (c->to.relay_only == p->relay_only)
		same |= CHANGE_RELAY_ONLY;
	if (c->to.starts_at == p->starts_at)
		same |= CHANGE_STARTS_AT;
	if (c->to.waiting_room == p->waiting_room)
		same |= CHANGE_WAITING_ROOM;
	if (strcmp(c->to.host_name, p->host_name) == 0)
		same |= CHANGE_HOST_NAME;
	if (strcmp(c->to.title, p->title) == 0)
		same |= CHANGE_TITLE;
	c->has &= ~same;
}

const char *plan_kind_name(enum plan_kind kind)
{
	return kinds[kind].name;
}

uint8_t plan_kind_capacity(enum plan_kind kind)
{
	return kinds[kind].capacity;
}

int plan_kind_of(enum plan_kind *kind, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strlen(kinds[i].name) == len &&
		    memcmp(kinds[i].name, name, len) == 0) {
			*kind = (enum plan_kind)i;
			return 0;
		}
	}
	return ERR_UNKNOWN;
}

bool plan_locale_ok(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
		      (s[i] >= '0' && s[i] <= '9') || (s[i] == '-' && i > 0)))
			return false;
	return len >= 2 && len <= PLAN_LOCALE_MAX;
}
