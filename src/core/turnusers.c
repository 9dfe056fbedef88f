#include "core/turnusers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct forgotten {
	struct list by_age;
	uint64_t until_ms;
	size_t len;
	char owner[];
};

void turnusers_init(struct turnusers *us)
{
	us->by_owner = map_new();
	us->forgotten = map_new();
	list_init(&us->idle);
	list_init(&us->forgotten_by_age);
	tally_init(&us->meetings);
}

static void drop(struct turnusers *us, struct turnuser *u)
{
	list_unlink(&u->idle);
	map_take(us->by_owner, u->owner, u->owner_len);
	free(u);
}

void turnusers_fini(struct turnusers *us)
{
	LIST_EACH_SAFE(it, &us->idle)
		drop(us, CONTAINER_OF(it, struct turnuser, idle));
	assert(!map_count(us->by_owner));
	LIST_EACH_SAFE(it, &us->forgotten_by_age)
		free(CONTAINER_OF(it, struct forgotten, by_age));
	map_free(us->by_owner);
	map_free(us->forgotten);
	tally_fini(&us->meetings);
}

struct turnuser *turnusers_find(const struct turnusers *us, const char *owner,
				size_t len)
{
	return map_get(us->by_owner, owner, len);
}

struct turnuser *turnusers_get(struct turnusers *us, const struct turncred *cred)
{
	struct turnuser *u = turnusers_find(us, cred->id, cred->owner_len);

	if (u)
		return u;
	u = mem_new(sizeof(*u));
	list_init(&u->allocations);
	list_init(&u->idle);
	u->meeting_len = cred->meeting_len;
	u->owner_len = cred->owner_len;
	memcpy(u->owner, cred->id, cred->owner_len);
	map_put(us->by_owner, u->owner, u->owner_len, u);
	return u;
}

bool turnuser_take(struct turnusers *us, struct turnuser *u, uint32_t user_max,
		   uint32_t meeting_max)
{
	if (u->held >= user_max ||
	    !tally_take(&us->meetings, u->owner, u->meeting_len, meeting_max))
		return false;
	u->held++;
	list_unlink(&u->idle);
	return true;
}

void turnuser_give(struct turnusers *us, struct turnuser *u)
{
	assert(u->held);
	u->held--;
	tally_give(&us->meetings, u->owner, u->meeting_len);
}

void turnusers_settle(struct turnusers *us, struct turnuser *u)
{
	if (u->held)
		return;
	list_unlink(&u->idle);
	if (u->tested)
		list_append(&us->idle, &u->idle);
	else
		drop(us, u);
}

void turnusers_sweep(struct turnusers *us, uint64_t now_ms, uint32_t again_s)
{
	LIST_EACH_SAFE(it, &us->idle) {
		struct turnuser *u = CONTAINER_OF(it, struct turnuser, idle);

		if (now_ms >= u->test_began_ms + (uint64_t)again_s * 1000)
			drop(us, u);
	}
	LIST_EACH_SAFE(it, &us->forgotten_by_age) {
		struct forgotten *f = CONTAINER_OF(it, struct forgotten, by_age);

		if (now_ms < f->until_ms)
			break;
		list_unlink(it);
		map_take(us->forgotten, f->owner, f->len);
		free(f);
	}
}

void turnusers_forget(struct turnusers *us, const char *owner, size_t len,
		      uint64_t until_ms)
{
	struct forgotten *f = map_get(us->forgotten, owner, len);

	if (!f) {
		f = mem_new(sizeof(*f) + len);
		list_init(&f->by_age);
		f->len = len;
		memcpy(f->owner, owner, len);
		map_put(us->forgotten, owner, len, f);
	}
	f->until_ms = until_ms;
	list_unlink(&f->by_age);
	list_append(&us->forgotten_by_age, &f->by_age);
}

bool turnusers_forgotten(const struct turnusers *us, const char *owner, size_t len)
{
	return map_get(us->forgotten, owner, len) != NULL;
}
