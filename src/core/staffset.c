#include "core/staffset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"

#define STREAM "staff/"
#define STREAM_LEN (sizeof(STREAM) - 1)
#define EVER_MAX (10 * STAFFSET_MAX)

struct staffset {
	struct map *by_name;		/* also who was removed: the stream goes on */
	struct staffset_person **there;	/* by name */
	size_t count, cap;
};

struct staffset *staffset_new(void)
{
	struct staffset *s = mem_new(sizeof(*s));

	s->by_name = map_new();
	return s;
}

static int free_one(void *arg, void *value)
{
	(void)arg;
	free(value);
	return 0;
}

void staffset_free(struct staffset *s)
{
	if (!s)
		return;
	map_each(s->by_name, free_one, NULL);
	map_free(s->by_name);
	free(s->there);
	free(s);
}

static struct staffset_person *known(const struct staffset *s, const char *name, size_t len)
{
	return map_get(s->by_name, name, len);
}

const struct staffset_person *staffset_find(const struct staffset *s, const char *name,
					    size_t len)
{
	const struct staffset_person *p =
		signin_name_ok(name, len) ? known(s, name, len) : NULL;

	return p && p->roles ? p : NULL;
}

size_t staffset_count(const struct staffset *s)
{
	return s->count;
}

const struct staffset_person *staffset_at(const struct staffset *s, size_t i)
{
	return i < s->count ? s->there[i] : NULL;
}

/* --- What the facts tell ---------------------------------------------------------- */

static void enter(struct staffset *s, struct staffset_person *p)
{
	size_t i = s->count;

	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->there = mem_resize(s->there, s->cap * sizeof(*s->there));
	}
	for (; i > 0 && strcmp(s->there[i - 1]->name, p->name) > 0; i--)
		s->there[i] = s->there[i - 1];
	s->there[i] = p;
	s->count++;
}

static void leave(struct staffset *s, struct staffset_person *p)
{
	size_t i = 0;

	while (s->there[i] != p)
		i++;
	s->count--;
	for (; i < s->count; i++)
		s->there[i] = s->there[i + 1];
	p->roles = 0;
	p->generation++;
}

static void changed(struct staffset_person *p, const struct factdata *d)
{
	if (d->roles)
		p->roles = d->roles;
	if (d->has_disabled)
		p->disabled = d->disabled;
	if (d->password) {
		p->invited_until = 0;
		p->generation++;
	}
	if (d->has_disabled && d->disabled)
		p->generation++;
}

static void added(struct staffset *s, struct staffset_person *p, const struct fact *f,
		  const struct factdata *d)
{
	p->roles = d->roles;
	p->disabled = false;
	p->added_at = f->at;
	p->invited_until = 0;
	enter(s, p);
}

static int take(struct staffset *s, struct staffset_person *p, const struct fact *f)
{
	struct factdata d;

	if (factdata_get(&d, f))
		return ERR_CORRUPT;
	if ((f->kind == FACT_STAFF_ADDED) == (p->roles != 0))
		return ERR_CORRUPT;
	switch (f->kind) {
	case FACT_STAFF_ADDED:
		added(s, p, f, &d);
		break;
	case FACT_STAFF_CHANGED:
		changed(p, &d);
		break;
	case FACT_STAFF_REMOVED:
		leave(s, p);
		break;
	case FACT_STAFF_INVITED:
		p->invited_until = d.expires_at;
		break;
	case FACT_STAFF_SIGNED_OUT:
		p->generation += d.everywhere;
		break;
	case FACT_STAFF_SIGNED_IN:
	case FACT_STAFF_REFUSED:
		break;
	default:
		return ERR_CORRUPT;
	}
	p->version = f->version;
	return 0;
}

int staffset_apply(struct staffset *s, const struct fact *f)
{
	const char *name = f->stream + STREAM_LEN;
	struct staffset_person *p;
	size_t len;

	if (strncmp(f->stream, STREAM, STREAM_LEN) != 0)
		return 0;
	len = strlen(name);
	if (!signin_name_ok(name, len))
		return ERR_CORRUPT;
	p = known(s, name, len);
	if (!p) {
		p = mem_new(sizeof(*p));
		memcpy(p->name, name, len + 1);
		map_put(s->by_name, name, len, p);
	}
	return f->version > p->version ? take(s, p, f) : ERR_CONFLICT;
}

/* --- What is decided -------------------------------------------------------------- */

static void begin(struct fact *f, enum fact_kind kind, const char *name, uint32_t version,
		  int64_t now_ms, const char *actor)
{
	memset(f, 0, sizeof(*f));
	f->at = now_ms;
	f->version = version;
	f->kind = kind;
	snprintf(f->stream, sizeof(f->stream), STREAM "%s", name);
	if (actor)
		snprintf(f->actor, sizeof(f->actor), "%s", actor);
	else
		snprintf(f->actor, sizeof(f->actor), "staff:%s", name);
}

int staffset_add(struct fact *f, const struct staffset *s, int64_t now_ms,
		 const char *name, size_t len, unsigned int roles, const char *actor)
{
	const struct factdata d = {.roles = roles};
	const struct staffset_person *was;
	char text[SIGNIN_NAME_SIZE];

	if (!signin_name_ok(name, len) || !roles)
		return ERR_RANGE;
	was = known(s, name, len);
	if (was && was->roles)
		return ERR_DUPLICATE;
	if (s->count >= STAFFSET_MAX || (!was && map_count(s->by_name) >= EVER_MAX))
		return ERR_FULL;
	memcpy(text, name, len);
	text[len] = '\0';
	begin(f, FACT_STAFF_ADDED, text, was ? was->version + 1 : 1, now_ms, actor);
	factdata_put(f, &d);
	return 0;
}

int staffset_tell(struct fact *f, const struct staffset *s, int64_t now_ms,
		  const char *name, enum fact_kind kind, const struct factdata *d,
		  const char *actor)
{
	const struct staffset_person *p = staffset_find(s, name, strlen(name));

	if (!p)
		return ERR_NOT_FOUND;
	begin(f, kind, p->name, p->version + 1, now_ms, actor);
	factdata_put(f, d);
	return 0;
}
