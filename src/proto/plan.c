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
