#include "app/adminkeys.h"

#include <stdlib.h>
#include <string.h>

#include "app/answer.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "core/keyset.h"
#include "proto/apikey.h"
#include "proto/json.h"
#include "proto/words.h"

#define ACTOR "admin"

struct adminkeys {
	struct loop *loop;
	struct house *house;
};

static void put_scopes(struct json_writer *w, unsigned int scopes)
{
	struct buf text = BUF_INIT;

	words_put(&text, apikey_scopes, scopes);
	json_put_text(w, "scopes", text.p);
	buf_fini(&text);
}

static void put_time_or_null(struct json_writer *w, const char *key, int64_t at)
{
	if (at)
		json_put_time(w, key, at);
	else
		json_put_null(w, key);
}

static void keys_list(void *arg, struct http_request *rq, const char *name)
{
	struct adminkeys *k = arg;
	struct answer *a = answer_new(k->loop, k->house, rq, 200);
	struct json_writer w;

	(void)name;
	json_put_init(&w, &a->body);
	json_put_object(&w, NULL);
	json_put_array(&w, "items");
	for (size_t i = 0; i < keyset_count(k->house->keys); i++) {
		const struct keyset_key *key = keyset_at(k->house->keys, i);

		json_put_object(&w, NULL);
		json_put_text(&w, "id", key->id);
		json_put_text(&w, "label", key->label);
		put_scopes(&w, key->scopes);
		json_put_time(&w, "madeAt", key->made_at);
		put_time_or_null(&w, "revokedAt", key->revoked_at);
		put_time_or_null(&w, "usedAt", key->used_at);
		json_put_end(&w);
	}
	json_put_end(&w);
	json_put_end(&w);
	answer_send(a);
}

struct wish {
	char label[APIKEY_LABEL_SIZE];
	size_t label_len;
	unsigned int scopes;
};

/* Reads what a new key is to be. sentence: on failure, what is wrong with it. */
static int read_wish(struct wish *out, const struct http_request *rq,
		     const char **sentence)
{
	const struct json_member *label, *scopes;
	struct json_member m[8];
	char text[64];
	ssize_t len;
	int n = json_scan(m, ARRAY_LEN(m), rq->body, rq->body_len);

	if (n < 0)
		return n;
	label = json_find(m, n, "label");
	scopes = json_find(m, n, "scopes");
	len = scopes ? json_get_string(scopes, text, sizeof(text)) : ERR_RANGE;
	if (len < 0 || words_get(&out->scopes, apikey_scopes, text, (size_t)len) < 0) {
		*sentence = "The scopes are audit, create and read, each once.";
		return ERR_RANGE;
	}
	len = label ? json_get_string(label, out->label, sizeof(out->label)) : ERR_RANGE;
	if (len < 0)
		return ERR_RANGE;
	out->label_len = (size_t)len;
	return 0;
}

/* All facts of keys go through here. Returns the gate. */
static uint64_t remember(struct adminkeys *k, struct fact *f)
{
	uint64_t gate = house_fact(k->house, f);

	keyset_apply(k->house->keys, f);
	return gate;
}

static bool writable(struct adminkeys *k, struct http_request *rq)
{
	if (!k->house->stopping && ledger_writable(k->house->ledger))
		return true;
	reply_err(rq, ERR_UNAVAILABLE, NULL);
	return false;
}

static void keys_make(void *arg, struct http_request *rq, const char *name)
{
	struct adminkeys *k = arg;
	const char *sentence = "A label has 1 to 60 characters on one line.";
	uint8_t random[APIKEY_RANDOM];
	char text[APIKEY_LEN + 1];
	struct json_writer w;
	struct apikey key;
	struct answer *a;
	struct wish wish;
	struct fact f;
	int err;

	(void)name;
	if (!writable(k, rq))
		return;
	do {	/* `paravent key revoke` would take it for an option */
		rnd_bytes(random, sizeof(random));
		apikey_make(text, &key, random);
	} while (key.id[0] == '-');
	err = read_wish(&wish, rq, &sentence);
	if (!err)
		err = keyset_make(&f, k->house->keys, house_now().wall, &key, wish.label,
				  wish.label_len, wish.scopes, ACTOR);
	if (err == ERR_FULL)
		sentence = "There are very many keys; revoke some first.";
	if (err) {
		reply_err(rq, err, err == ERR_RANGE || err == ERR_FULL ? sentence : NULL);
	} else {
		a = answer_new(k->loop, k->house, rq, 201);
		json_put_init(&w, &a->body);
		json_put_object(&w, NULL);
		json_put_text(&w, "id", key.id);
		json_put_text(&w, "key", text);
		put_scopes(&w, wish.scopes);
		json_put_end(&w);
		answer_wait(a, remember(k, &f));
	}
	mem_wipe(random, sizeof(random));
	mem_wipe(text, sizeof(text));
}

static void keys_revoke(void *arg, struct http_request *rq, const char *id)
{
	struct adminkeys *k = arg;
	struct fact f;
	int err;

	if (!writable(k, rq))
		return;
	err = keyset_revoke(&f, k->house->keys, house_now().wall, id, strlen(id), ACTOR);
	if (err == ERR_NOT_FOUND)
		reply_err(rq, err, "There is no such key.");
	else if (err)
		reply_err(rq, err, "That key was revoked before.");
	else
		answer_wait(answer_new(k->loop, k->house, rq, 204), remember(k, &f));
}

static const struct admin_route routes[] = {
	{HTTP_GET, "/admin/keys", keys_list},
	{HTTP_POST, "/admin/keys", keys_make},
	{HTTP_DELETE, "/admin/keys/{}", keys_revoke},
};

struct adminkeys *adminkeys_new(struct loop *l, struct house *h, struct admin *a)
{
	struct adminkeys *k = mem_new(sizeof(*k));

	k->loop = l;
	k->house = h;
	admin_serve(a, routes, ARRAY_LEN(routes), k);
	return k;
}

void adminkeys_free(struct adminkeys *k)
{
	free(k);
}
