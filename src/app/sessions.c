#include "app/sessions.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer.h"
#include "app/attempt.h"
#include "app/callers.h"
#include "app/clients.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"
#include "proto/signin.h"
#include "proto/words.h"

struct sessions {
	struct loop *loop;
	struct house *house;
	struct doorkeeper *keeper;
	struct attempts *attempts;
};

/* --- What is asked ---------------------------------------------------------------- */

/* A member of a body: text that is there. */
struct text {
	const char *key;
	char *out;
	size_t cap;
};

static const char *read_text(const struct text *t, const struct json_member *m)
{
	ssize_t len = json_get_string(m, t->out, t->cap);

	if (len == ERR_NO_SPACE)
		return "is too long";
	return len < 0 ? "must be text" : NULL;
}

/* Reads a body of exactly these members. False: it was answered. */
static bool read_body(struct http_request *rq, const struct text *want, size_t count)
{
	struct problem_fields fields = {.count = 0};
	struct json_member m[8];
	const char *wrong;
	int n;

	if (!http_is_json(&rq->head)) {
		reply_status(rq, 415);
		return false;
	}
	n = json_scan(m, ARRAY_LEN(m), rq->body, rq->body_len);
	if (n < 0) {
		reply_err(rq, ERR_MALFORMED, NULL);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct json_member *found = json_find(m, n, want[i].key);

		wrong = found ? read_text(&want[i], found) : "is missing";
		if (wrong)
			problem_add(&fields, want[i].key, wrong);
	}
	if (!fields.count && (size_t)n > count)
		problem_add(&fields, "", "there are members that this call does not know");
	if (fields.count)
		reply_problem(rq, problem_of(ERR_RANGE), NULL, &fields);
	return !fields.count;
}

static void refuse_field(struct http_request *rq, const char *field, const char *detail)
{
	struct problem_fields fields = {.count = 0};

	problem_add(&fields, field, detail);
	reply_problem(rq, problem_of(ERR_RANGE), NULL, &fields);
}

/* Passwords travel over https alone, but for our own machine. False: it was answered. */
static bool is_private(struct sessions *s, struct http_request *rq)
{
	struct client client;

	clients_find(&client, s->house->clients, rq);
	if (conf_is_https(s->house->conf) || client.here)
		return true;
	reply_status_detail(rq, 403, "Signing in needs https: set tls-certificate, or a "
				     "public-url of https behind a proxy.");
	return false;
}

/* --- In ------------------------------------------------------------------------------ */

/* Telephones begin a word with a capital letter and end it with a blank. */
static void fold(char name[SIGNIN_NAME_SIZE], const char *typed)
{
	size_t len = strlen(typed);

	while (len && typed[len - 1] == ' ')
		len--;
	if (len > SIGNIN_NAME_MAX)
		len = 0;	/* nobody has such a name */
	for (size_t i = 0; i < len; i++)
		name[i] = (char)tolower((unsigned char)typed[i]);
	name[len] = '\0';
}

static void sign_in(struct sessions *s, struct http_request *rq)
{
	struct attempt_wish wish = {.way = BY_PASSWORD};
	char username[256];
	const struct text want[] = {
		{"username", username, sizeof(username)},
		{"password", wish.password, sizeof(wish.password)},
	};

	if (read_body(rq, want, ARRAY_LEN(want))) {
		fold(wish.name, username);
		attempts_begin(s->attempts, &wish, rq);
	}
	/* some type the password there */
	mem_wipe(username, sizeof(username));
	mem_wipe(&wish, sizeof(wish));
}

/* Whether it may be a password. False: it was answered. */
static bool is_fit(struct http_request *rq, const char *field, const char *password)
{
	const char *wrong = signin_password_wrong(password, strlen(password));

	if (wrong)
		refuse_field(rq, field, wrong);
	return !wrong;
}

static void use_link(struct sessions *s, struct http_request *rq)
{
	struct attempt_wish wish = {.way = BY_LINK};
	char invite[256];
	const struct text want[] = {
		{"invite", invite, sizeof(invite)},
		{"password", wish.next, sizeof(wish.next)},
	};

	if (read_body(rq, want, ARRAY_LEN(want)) && is_fit(rq, "password", wish.next)) {
		if (signin_link(wish.name, wish.link, invite, strlen(invite)))
			reply_err(rq, ERR_UNAUTHORIZED, ATTEMPT_LINK_REFUSED);
		else
			attempts_begin(s->attempts, &wish, rq);
	}
	mem_wipe(invite, sizeof(invite));
	mem_wipe(&wish, sizeof(wish));
}

static void change_password(struct sessions *s, struct http_request *rq)
{
	const struct sessionset_session *mine = caller_session(s->house, rq);
	struct attempt_wish wish = {.way = BY_CHANGE};
	const struct text want[] = {
		{"password", wish.password, sizeof(wish.password)},
		{"newPassword", wish.next, sizeof(wish.next)},
	};

	if (!mine) {
		reply_err(rq, ERR_UNAUTHORIZED, NULL);
		return;
	}
	memcpy(wish.name, mine->name, sizeof(wish.name));
	if (read_body(rq, want, ARRAY_LEN(want)) && is_fit(rq, "newPassword", wish.next))
		attempts_begin(s->attempts, &wish, rq);
	mem_wipe(&wish, sizeof(wish));
}

/* --- Who I am, and out again -------------------------------------------------------- */

static void who_am_i(struct sessions *s, struct http_request *rq)
{
	const struct sessionset_session *mine = caller_session(s->house, rq);
	const struct staffset_person *p;
	struct json_writer w;
	struct answer *a;

	if (!mine) {
		reply_err(rq, ERR_UNAUTHORIZED, NULL);
		return;
	}
	p = staffset_find(s->house->staff, mine->name, strlen(mine->name));
	a = answer_new(s->loop, s->house, rq, 200);
	json_put_init(&w, &a->body);
	json_put_object(&w, NULL);
	json_put_text(&w, "username", mine->name);
	json_put_array(&w, "roles");
	for (const struct word *role = factdata_roles; role->name; role++) {
		if (p->roles & role->bit)
			json_put_text(&w, NULL, role->name);
	}
	json_put_end(&w);
	json_put_time(&w, "expiresAt", mine->made_at + SESSIONSET_LIFE_MS);
	json_put_end(&w);
	answer_send(a);
}

struct leaving {
	struct answer *answer;
	uint64_t gate;
};

static void on_left(void *arg, int err)
{
	struct leaving *l = arg;

	if (err)
		answer_problem(l->answer, err, "You are signed out, but the disk could not "
			       "be told. Do not restart the server before it can.");
	else
		answer_wait(l->answer, l->gate);
	free(l);
}

static void sign_out(struct sessions *s, struct http_request *rq, bool everywhere)
{
	const struct sessionset_session *mine = caller_session(s->house, rq);
	const struct factdata d = {.everywhere = everywhere};
	struct errand e = {.kind = everywhere ? ERRAND_END_ALL : ERRAND_END};
	struct leaving *l;
	struct answer *a;

	if (s->house->stopping || !ledger_writable(s->house->ledger)) {
		reply_err(rq, ERR_UNAVAILABLE, NULL);
		return;
	}
	a = answer_new(s->loop, s->house, rq, 204);
	signin_put_cookie(a->cookie, NULL, 0);
	if (!mine) {	/* nothing is left to end */
		answer_send(a);
		return;
	}
	memcpy(e.name, mine->name, sizeof(e.name));
	memcpy(e.hash, mine->hash, sizeof(e.hash));
	if (everywhere)
		sessionset_end_all(s->house->sessions, e.name);
	else
		sessionset_end(s->house->sessions, e.hash);
	l = mem_new(sizeof(*l));
	l->answer = a;
	l->gate = house_staff_fact(s->house, e.name, FACT_STAFF_SIGNED_OUT, &d, NULL);
	answer_hold(a);
	doorkeeper_send(s->keeper, &e, on_left, l);
}

static void leave(struct sessions *s, struct http_request *rq)
{
	const struct http_span q = rq->head.query;

	if (!q.p || !q.len)
		sign_out(s, rq, false);
	else if (http_span_is(q, "everywhere=true"))
		sign_out(s, rq, true);
	else
		refuse_field(rq, "everywhere", "can be true and nothing else");
}

/* --- Routes -------------------------------------------------------------------------- */

void sessions_serve(struct sessions *s, struct http_request *rq, const char *rest)
{
	static const struct {
		const char *rest;
		void (*post)(struct sessions *s, struct http_request *rq);
	} calls[] = {
		{"", sign_in}, {"/invite", use_link}, {"/password", change_password},
	};
	const enum http_method method = rq->head.method;
	size_t i = 0;

	while (i < ARRAY_LEN(calls) && strcmp(calls[i].rest, rest) != 0)
		i++;
	if (i == ARRAY_LEN(calls))
		reply_status(rq, 404);
	else if (method == HTTP_POST && is_private(s, rq))
		calls[i].post(s, rq);
	else if (method == HTTP_POST)
		;	/* it was answered */
	else if (i > 0)
		reply_not_allowed(rq, "POST");
	else if (method == HTTP_GET || method == HTTP_HEAD)
		who_am_i(s, rq);
	else if (method == HTTP_DELETE)
		leave(s, rq);
	else
		reply_not_allowed(rq, "GET, HEAD, POST, DELETE");
}

struct sessions *sessions_new(struct loop *l, struct house *h, struct doorkeeper *k)
{
	struct sessions *s = mem_new(sizeof(*s));

	s->loop = l;
	s->house = h;
	s->keeper = k;
	s->attempts = attempts_new(l, h, k);
	return s;
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	attempts_free(s->attempts);
	free(s);
}
