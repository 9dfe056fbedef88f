#include "core/signinlimit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "core/limits.h"

#define ADDRESS_MAX 16
#define NAME_MAX_BYTES 32
#define FREE_TRIES 5
#define PAUSE_MS 2000
#define PAUSE_MAX_MS (15 * 60 * UINT64_C(1000))
#define FORGET_MS (3600 * UINT64_C(1000))

/* Half a token a second: tries cost two. */
static const struct bucket_rule rule = {.per_second = 1, .burst = 60};
#define TRY_COSTS 2

struct key {
	uint8_t bytes[1 + ADDRESS_MAX + NAME_MAX_BYTES];
	size_t len;
};

struct entry {
	struct list link;
	struct key key;
	uint64_t at;		/* of the last try that was judged */
	unsigned int tries;	/* of a pair, or an address, since the last right one */
	struct bucket bucket;
};

/* The last SIGNINLIMIT_MAX of a kind, the one that rested for the longest first. */
struct table {
	struct map *by_key;
	struct list all;
};

struct signinlimit {
	struct table pairs, addresses, accounts;
};

static void table_init(struct table *t)
{
	t->by_key = map_new();
	list_init(&t->all);
}

static struct entry *entry_of(struct list *link)
{
	return CONTAINER_OF(link, struct entry, link);
}

static void table_drop(struct table *t, struct entry *e)
{
	map_take(t->by_key, e->key.bytes, e->key.len);
	list_unlink(&e->link);
	free(e);
}

static void table_fini(struct table *t)
{
	LIST_EACH_SAFE(it, &t->all)
		table_drop(t, entry_of(it));
	map_free(t->by_key);
}

static struct entry *table_find(const struct table *t, const struct key *k)
{
	return map_get(t->by_key, k->bytes, k->len);
}

/* The entry of a key as the one that was seen last; a new one where there is none. */
static struct entry *table_see(struct table *t, const struct key *k, uint64_t now_ms)
{
	struct entry *e = table_find(t, k);

	if (e && now_ms - e->at >= FORGET_MS) {
		table_drop(t, e);
		e = NULL;
	}
	if (!e) {
		if (map_count(t->by_key) >= SIGNINLIMIT_MAX)
			table_drop(t, entry_of(t->all.next));
		e = mem_new(sizeof(*e));
		e->key = *k;
		e->at = now_ms;
		list_init(&e->link);
		map_put(t->by_key, k->bytes, k->len, e);
	}
	list_unlink(&e->link);
	list_append(&t->all, &e->link);
	return e;
}

struct signinlimit *signinlimit_new(void)
{
	struct signinlimit *s = mem_new(sizeof(*s));

	table_init(&s->pairs);
	table_init(&s->addresses);
	table_init(&s->accounts);
	return s;
}

void signinlimit_free(struct signinlimit *s)
{
	if (!s)
		return;
	table_fini(&s->pairs);
	table_fini(&s->addresses);
	table_fini(&s->accounts);
	free(s);
}

struct keys {
	struct key pair, address, account;
};

/* What is longer than a name can be is one account that nobody has. */
static void make_keys(struct keys *k, const void *address, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	if (name_len > NAME_MAX_BYTES)
		name_len = 0;
	memset(k, 0, sizeof(*k));
	memcpy(k->address.bytes, address, len);
	k->address.len = len;
	memcpy(k->account.bytes, name, name_len);
	k->account.len = name_len ? name_len : 1;
	k->pair.bytes[0] = (uint8_t)len;
	memcpy(k->pair.bytes + 1, address, len);
	memcpy(k->pair.bytes + 1 + len, name, name_len);
	k->pair.len = 1 + len + name_len;
}

/* When this pair may try again. */
static uint64_t free_at(const struct entry *pair)
{
	uint64_t pause = PAUSE_MS;

	if (pair->tries < FREE_TRIES)
		return 0;
	for (unsigned int i = FREE_TRIES; i < pair->tries && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	return pair->at + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
}

int signinlimit_try(struct signinlimit *s, uint64_t now_ms, const void *address,
		    size_t address_len, const char *name, uint64_t *wait_ms)
{
	struct entry *pair, *from, *account;
	struct keys k;
	uint64_t then;

	make_keys(&k, address, address_len, name);
	then = table_find(&s->pairs, &k.pair) ?
		free_at(table_see(&s->pairs, &k.pair, now_ms)) : 0;
	if (then > now_ms) {
		*wait_ms = then - now_ms;
		return ERR_TOO_FAST;
	}
	from = table_see(&s->addresses, &k.address, now_ms);
	if (!bucket_take(&from->bucket, &rule, now_ms, TRY_COSTS)) {
		*wait_ms = PAUSE_MS;
		return ERR_TOO_FAST;
	}
	/* only now is there a new one: a flood of refused tries pushes nothing out */
	pair = table_see(&s->pairs, &k.pair, now_ms);
	account = table_see(&s->accounts, &k.account, now_ms);
	*wait_ms = bucket_take(&account->bucket, &rule, now_ms, TRY_COSTS) ?
		0 : SIGNINLIMIT_LATE_MS;
	pair->tries++;
	from->tries++;
	pair->at = from->at = account->at = now_ms;
	return 0;
}

bool signinlimit_suspects(const struct signinlimit *s, uint64_t now_ms,
			  const void *address, size_t address_len)
{
	const struct entry *from;
	struct keys k;

	make_keys(&k, address, address_len, "");
	from = table_find(&s->addresses, &k.address);
	return from && from->tries && now_ms - from->at < FORGET_MS;
}

static struct entry *give_back(struct table *t, const struct key *k)
{
	struct entry *e = table_find(t, k);

	if (e)
		bucket_give(&e->bucket, TRY_COSTS);
	return e;
}

void signinlimit_unjudged(struct signinlimit *s, const void *address, size_t address_len,
			  const char *name)
{
	struct entry *pair, *from;
	struct keys k;

	make_keys(&k, address, address_len, name);
	pair = table_find(&s->pairs, &k.pair);
	if (pair && pair->tries)
		pair->tries--;
	from = give_back(&s->addresses, &k.address);
	if (from && from->tries)
		from->tries--;
	give_back(&s->accounts, &k.account);
}

void signinlimit_right(struct signinlimit *s, const void *address, size_t address_len,
		       const char *name)
{
	struct entry *pair, *from;
	struct keys k;

	signinlimit_unjudged(s, address, address_len, name);
	make_keys(&k, address, address_len, name);
	pair = table_find(&s->pairs, &k.pair);
	if (pair)
		table_drop(&s->pairs, pair);
	from = table_find(&s->addresses, &k.address);
	if (from)
		from->tries = 0;
}
