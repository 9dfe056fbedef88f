#include "core/keyset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "proto/label.h"
#include "proto/utf8.h"

#define STREAM "key/"
#define STREAM_LEN (sizeof(STREAM) - 1)

struct keyset {
	struct map *by_id;
	struct keyset_key **key;	/* in the order in which they were made */
	size_t count, cap, valid;	/* valid: of them not revoked */
};

struct keyset *keyset_new(void)
{
	struct keyset *ks = mem_new(sizeof(*ks));

	ks->by_id = map_new();
	return ks;
}

void keyset_free(struct keyset *ks)
{
	size_t i;

	if (!ks)
		return;
	for (i = 0; i < ks->count; i++)
		free(ks->key[i]);
	free(ks->key);
	map_free(ks->by_id);
	free(ks);
}

static struct keyset_key *find(const struct keyset *ks, const char *id, size_t len)
{
	return map_get(ks->by_id, id, len);
}

const struct keyset_key *keyset_find(const struct keyset *ks, const char *id, size_t len)
{
	return len == APIKEY_ID_LEN ? find(ks, id, len) : NULL;
}

size_t keyset_count(const struct keyset *ks)
{
	return ks->count;
}

const struct keyset_key *keyset_at(const struct keyset *ks, size_t i)
{
	return ks->key[i];
}

static int apply_made(struct keyset *ks, const char *id, const struct fact *f)
{
	struct keyset_key *k;
	struct factdata d;

	if (f->version != 1)
		return ERR_CONFLICT;
	if (factdata_get(&d, f))
		return ERR_CORRUPT;
	k = mem_new(sizeof(*k));
	memcpy(k->id, id, APIKEY_ID_SIZE);
	memcpy(k->label, d.label, sizeof(k->label));
	memcpy(k->hash, d.hash, sizeof(k->hash));
	k->scopes = d.scopes;
	k->version = 1;
	k->made_at = f->at;
	if (ks->count == ks->cap) {
		ks->cap = ks->cap ? ks->cap * 2 : 16;
		ks->key = mem_resize(ks->key, ks->cap * sizeof(struct keyset_key *));
	}
	ks->key[ks->count++] = k;
	ks->valid++;
	map_put(ks->by_id, k->id, APIKEY_ID_LEN, k);
	return 0;
}

static int apply_revoked(struct keyset *ks, struct keyset_key *k, const struct fact *f)
{
	if (f->version != k->version + 1)
		return ERR_CONFLICT;
	if (k->revoked_at)
		return ERR_CORRUPT;
	k->version = f->version;
	k->revoked_at = f->at;
	ks->valid--;
	return 0;
}

int keyset_apply(struct keyset *ks, const struct fact *f)
{
	const char *id = f->stream + STREAM_LEN;
	struct keyset_key *k;

	if (strncmp(f->stream, STREAM, STREAM_LEN) != 0)
		return 0;
	if (!apikey_id_ok(id, strlen(id)))
		return ERR_CORRUPT;
	k = find(ks, id, APIKEY_ID_LEN);
	if (!k && f->kind == FACT_KEY_MADE)
		return apply_made(ks, id, f);
	return k && f->kind == FACT_KEY_REVOKED ? apply_revoked(ks, k, f) : ERR_CORRUPT;
}

static void begin(struct fact *f, enum fact_kind kind, const char *id, uint32_t version,
		  int64_t now_ms, const char *actor)
{
	memset(f, 0, sizeof(*f));
	f->at = now_ms;
	f->version = version;
	f->kind = kind;
	snprintf(f->stream, sizeof(f->stream), STREAM "%s", id);
	snprintf(f->actor, sizeof(f->actor), "%s", actor);
}

int keyset_make(struct fact *f, const struct keyset *ks, int64_t now_ms,
		const struct apikey *key, const char *label, size_t label_len,
		unsigned int scopes, const char *actor)
{
	struct factdata d = {.scopes = scopes};

	if (!scopes || label_len >= sizeof(d.label) || !utf8_is_valid(label, label_len))
		return ERR_RANGE;
	memcpy(d.label, label, label_len);
	if (label_clean(d.label, label_len, APIKEY_LABEL_MAX) < 0)
		return ERR_RANGE;
	if (find(ks, key->id, APIKEY_ID_LEN))
		return ERR_CONFLICT;
	if (ks->valid >= KEYSET_MAX)
		return ERR_FULL;
	memcpy(d.hash, key->hash, sizeof(d.hash));
	begin(f, FACT_KEY_MADE, key->id, 1, now_ms, actor);
	factdata_put(f, &d);
	return 0;
}

int keyset_revoke(struct fact *f, const struct keyset *ks, int64_t now_ms,
		  const char *id, size_t id_len, const char *actor)
{
	const struct keyset_key *k = keyset_find(ks, id, id_len);
	const struct factdata d = {.scopes = 0};

	if (!k)
		return ERR_NOT_FOUND;
	if (k->revoked_at)
		return ERR_ENDED;
	begin(f, FACT_KEY_REVOKED, k->id, k->version + 1, now_ms, actor);
	factdata_put(f, &d);
	return 0;
}

static enum factdata_reason refusal(struct keyset_key **out, const struct keyset *ks,
				    const char *text, size_t len)
{
	struct apikey key;

	*out = NULL;
	if (apikey_parse(&key, text, len))
		return REASON_MALFORMED;
	*out = find(ks, key.id, APIKEY_ID_LEN);
	if (!*out || !apikey_equal((*out)->hash, key.hash))
		return REASON_UNKNOWN;
	return (*out)->revoked_at ? REASON_REVOKED : REASON_NONE;
}

int keyset_check(const struct keyset_key **out, enum factdata_reason *reason,
		 struct keyset *ks, int64_t now_ms, const char *text, size_t len,
		 unsigned int scopes)
{
	struct keyset_key *k;

	*reason = refusal(&k, ks, text, len);
	if (*reason != REASON_NONE)
		return ERR_UNAUTHORIZED;
	k->used_at = now_ms;
	*out = k;
	if (k->scopes & scopes)
		return 0;
	*reason = REASON_SCOPE;
	return ERR_FORBIDDEN;
}
