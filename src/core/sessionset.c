#include "core/sessionset.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

struct entry {
	struct list link;		/* of all, the oldest first */
	struct sessionset_session session;
};

struct sessionset {
	struct map *by_hash;
	struct list all;
};

static struct entry *entry_of(struct list *link)
{
	return CONTAINER_OF(link, struct entry, link);
}

struct sessionset *sessionset_new(void)
{
	struct sessionset *s = mem_new(sizeof(*s));

	s->by_hash = map_new();
	list_init(&s->all);
	return s;
}

static void drop(struct sessionset *s, struct entry *e)
{
	map_take(s->by_hash, e->session.hash, SIGNIN_HASH_SIZE);
	list_unlink(&e->link);
	mem_wipe(e, sizeof(*e));
	free(e);
}

void sessionset_free(struct sessionset *s)
{
	if (!s)
		return;
	LIST_EACH_SAFE(it, &s->all)
		drop(s, entry_of(it));
	map_free(s->by_hash);
	free(s);
}

static bool is_over(const struct sessionset_session *x, int64_t now_ms)
{
	return now_ms - x->made_at >= SESSIONSET_LIFE_MS ||
	       now_ms - x->used_at >= SESSIONSET_IDLE_MS;
}

static struct entry *find(const struct sessionset *s, const uint8_t hash[SIGNIN_HASH_SIZE],
			  int64_t now_ms)
{
	struct entry *e = map_get(s->by_hash, hash, SIGNIN_HASH_SIZE);

	return e && !is_over(&e->session, now_ms) ? e : NULL;
}

const struct sessionset_session *sessionset_find(const struct sessionset *s,
						 const uint8_t hash[SIGNIN_HASH_SIZE],
						 int64_t now_ms)
{
	struct entry *e = find(s, hash, now_ms);

	return e ? &e->session : NULL;
}

const struct sessionset_session *sessionset_use(struct sessionset *s,
						const uint8_t hash[SIGNIN_HASH_SIZE],
						int64_t now_ms)
{
	struct entry *e = find(s, hash, now_ms);

	if (!e)
		return NULL;
	if (now_ms > e->session.used_at)
		e->session.used_at = now_ms;
	return &e->session;
}

bool sessionset_add(struct sessionset *s, const struct sessionset_session *add,
		    struct sessionset_session *ended)
{
	struct entry *e = mem_new(sizeof(*e)), *oldest = NULL;
	size_t count = 0;

	LIST_EACH(it, &s->all) {
		struct entry *other = entry_of(it);

		if (strcmp(other->session.name, add->name) != 0)
			continue;
		if (!count++)
			oldest = other;
	}
	if (count >= SESSIONSET_PER_PERSON) {
		*ended = oldest->session;
		drop(s, oldest);
	}
	e->session = *add;
	list_append(&s->all, &e->link);
	map_put(s->by_hash, add->hash, SIGNIN_HASH_SIZE, e);
	return count >= SESSIONSET_PER_PERSON;
}

bool sessionset_end(struct sessionset *s, const uint8_t hash[SIGNIN_HASH_SIZE])
{
	struct entry *e = map_get(s->by_hash, hash, SIGNIN_HASH_SIZE);

	if (e)
		drop(s, e);
	return e != NULL;
}

size_t sessionset_end_all(struct sessionset *s, const char *name)
{
	size_t count = 0;

	LIST_EACH_SAFE(it, &s->all) {
		struct entry *e = entry_of(it);

		if (strcmp(e->session.name, name) != 0)
			continue;
		drop(s, e);
		count++;
	}
	return count;
}

size_t sessionset_count_of(const struct sessionset *s, const char *name, int64_t now_ms)
{
	size_t count = 0;

	LIST_EACH(it, &s->all) {
		const struct sessionset_session *x = &entry_of(it)->session;

		count += strcmp(x->name, name) == 0 && !is_over(x, now_ms);
	}
	return count;
}

void sessionset_tidy(struct sessionset *s, int64_t now_ms, sessionset_tell_fn *over,
		     sessionset_tell_fn *used, void *arg)
{
	LIST_EACH_SAFE(it, &s->all) {
		struct entry *e = entry_of(it);

		if (is_over(&e->session, now_ms)) {
			over(arg, &e->session);
			drop(s, e);
		} else if (e->session.used_at != e->session.written_at) {
			e->session.written_at = e->session.used_at;
			used(arg, &e->session);
		}
	}
}
