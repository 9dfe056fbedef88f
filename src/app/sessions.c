#include "app/sessions.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer.h"
#include "app/callers.h"
#include "app/clients.h"
#include "app/outlet.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/password.h"
#include "base/rnd.h"
#include "core/limits.h"
#include "core/signinlimit.h"
#include "net/addr.h"
#include "proto/json.h"
#include "proto/signin.h"
#include "proto/words.h"

/* One text, whatever was wrong: who guesses learns nothing. */
#define REFUSED "This name and this password do not belong together, or the account is " \
		"shut. Ask the one who runs the server for a new link."
#define LINK_REFUSED "This link was used already, or its time is over. Ask the one who " \
		     "runs the server for a new one."

#define LATE_MAX 64		/* attempts that may wait to be judged later */

struct sessions {
	struct loop *loop;
	struct house *house;
	struct doorkeeper *keeper;
	struct signinlimit *limit;
	struct list late;		/* attempts that are to be judged later */
	size_t late_count;
	struct bucket refusals;		/* how many become facts */
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

static void refuse_too_fast(struct http_request *rq, uint64_t wait_ms)
{
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%llu",
		 (unsigned long long)(wait_ms + 999) / 1000);
	http_add_header(rq, "Retry-After", seconds);
	reply_err(rq, ERR_TOO_FAST, "Too many tries. Wait a moment, then try again.");
}

/* Passwords travel over https alone, but for our own machine. False: it was answered. */
static bool is_private(struct sessions *s, struct http_request *rq)
{
	if (conf_is_https(s->house->conf) || addr_is_loopback(http_peer(rq)))
		return true;
	reply_status_detail(rq, 403, "Signing in needs https: set tls-certificate, or a "
				     "public-url of https behind a proxy.");
	return false;
}

/* --- A try to get in ---------------------------------------------------------------- */

enum way {
	BY_PASSWORD,		/* POST /api/session */
	BY_LINK,		/* POST /api/session/invite */
	BY_CHANGE,		/* POST /api/session/password */
};

/* All three end with a new session. */
struct attempt {
	struct accounts_job job;
	struct sessions *s;
	struct answer *answer;
	struct list among_late;
	struct loop_timer timer;
	enum way way;
	uint8_t address[TURN_ADDR_KEY_SIZE];
	char name[SIGNIN_NAME_SIZE];	/* as typed */
	bool may;			/* there is such an account, and it is not shut */
	unsigned int generation;	/* of the account, when it began */
	char password[PASSWORD_BYTES_MAX + 1];
	char next[PASSWORD_BYTES_MAX + 1];	/* the new one */
	uint8_t link[SIGNIN_HASH_SIZE];
	char secret[SIGNIN_SECRET_SIZE];	/* of the new session */
	struct accountdb_session session;
};

static void attempt_free(struct attempt *x)
{
	mem_wipe(x, sizeof(*x));
	free(x);
}

static const struct staffset_person *person_of(const struct attempt *x)
{
	return staffset_find(x->s->house->staff, x->name, strlen(x->name));
}

static struct attempt *attempt_new(struct sessions *s, enum way way)
{
	struct attempt *x = mem_new(sizeof(*x));

	x->s = s;
	x->way = way;
	return x;
}

/* The same work for every name, until the password was right. */
static int check_password(struct attempt *x, struct accountdb *a, struct why *why)
{
	char hash[PASSWORD_HASH_SIZE];
	bool right;
	int err = accountdb_password(hash, a, x->name, why);

	if (err)
		return err;
	right = password_is(hash, x->password);
	mem_wipe(hash, sizeof(hash));
	return right && x->may ? 0 : ERR_UNAUTHORIZED;
}

static int set_password(struct attempt *x, struct accountdb *a, struct why *why)
{
	char hash[PASSWORD_HASH_SIZE];
	int err;

	password_hash(hash, x->next);
	err = accountdb_set_password(a, x->name, hash, why);
	mem_wipe(hash, sizeof(hash));
	if (!err)
		err = accountdb_drop_link(a, x->name, why);
	return err ? err : accountdb_drop_sessions(a, x->name, why);
}

/* On the doorkeeper's thread. */
static int attempt_run(struct accounts_job *job, struct accountdb *a, struct why *why)
{
	struct attempt *x = CONTAINER_OF(job, struct attempt, job);
	int err;

	if (x->way == BY_LINK)
		err = accountdb_check_link(a, x->name, x->link, x->session.made_at, why);
	else
		err = check_password(x, a, why);
	if (err == ERR_NOT_FOUND || (!err && !x->may))
		err = ERR_UNAUTHORIZED;
	if (!err && x->way != BY_PASSWORD)
		err = set_password(x, a, why);
	return err ? err : accountdb_put_session(a, &x->session, why);
}

/* Each try at an account that exists is worth a fact, but not when it rains. What was
 * typed for a name that nobody has is in no fact: it may be a password. */
static void remember_refusal(struct sessions *s, const char *name,
			     enum factdata_reason reason)
{
	static const struct bucket_rule rule = {.per_second = 1, .burst = 1000};
	const struct factdata d = {.reason = reason};

	if (staffset_find(s->house->staff, name, strlen(name)) && !s->house->stopping &&
	    ledger_writable(s->house->ledger) &&
	    bucket_take(&s->refusals, &rule, clock_mono_ms(), 1))
		house_staff_fact(s->house, name, FACT_STAFF_REFUSED, &d, "server");
}

static void set_cookie(struct answer *a, const char *secret)
{
	struct buf cookie = BUF_INIT;

	signin_put_cookie(&cookie, secret, SESSIONSET_LIFE_MS);
	snprintf(a->cookie, sizeof(a->cookie), "%s", cookie.p);
	mem_wipe(cookie.p, cookie.len);
	buf_fini(&cookie);
}

/* A session that is on disk, and that memory will not have. */
static void drop(struct sessions *s, const uint8_t hash[SIGNIN_HASH_SIZE])
{
	struct errand e = {.kind = ERRAND_END};

	memcpy(e.hash, hash, sizeof(e.hash));
	doorkeeper_send(s->keeper, &e, NULL, NULL);
}

/* The password is another one, whether somebody waits for the answer or not. */
static void remember_change(struct attempt *x)
{
	const struct factdata d = {.password = true};

	house_staff_fact(x->s->house, x->name, FACT_STAFF_CHANGED, &d, NULL);
	sessionset_end_all(x->s->house->sessions, x->name);
}

static void let_in(struct attempt *x)
{
	const struct factdata none = {.host = false};
	struct house *h = x->s->house;
	struct sessionset_session session = {
		.made_at = x->session.made_at,
		.used_at = x->session.used_at,
		.written_at = x->session.used_at,
	}, ended;
	uint64_t gate;

	memcpy(session.hash, x->session.hash, sizeof(session.hash));
	memcpy(session.name, x->name, sizeof(session.name));
	if (sessionset_add(h->sessions, &session, &ended))
		drop(x->s, ended.hash);
	gate = house_staff_fact(h, x->name, FACT_STAFF_SIGNED_IN, &none, NULL);
	set_cookie(x->answer, x->secret);
	answer_wait(x->answer, gate);
}

static void keep_out(struct attempt *x)
{
	const struct staffset_person *p = person_of(x);

	if (x->way != BY_LINK)
		remember_refusal(x->s, x->name, p && p->disabled ? REASON_DISABLED :
				 REASON_PASSWORD);
	if (x->way == BY_CHANGE)
		outlet_refuse_late(x->answer, "password", "is not your present password");
	else
		answer_problem(x->answer, ERR_UNAUTHORIZED,
			       x->way == BY_LINK ? LINK_REFUSED : REFUSED);
}

/* What becomes of a try whose job ended with `err`. */
static int outcome(const struct attempt *x, int err)
{
	const struct staffset_person *p = person_of(x);
	const struct house *h = x->s->house;

	if (err)
		return err;
	if (h->stopping || !ledger_writable(h->ledger) || !x->answer->rq)
		return ERR_UNAVAILABLE;
	/* the account may have changed while the password was looked at */
	if (!p || p->disabled || p->generation != x->generation)
		return ERR_UNAUTHORIZED;
	return 0;
}

static void attempt_done(struct accounts_job *job, int err, const struct why *why)
{
	struct attempt *x = CONTAINER_OF(job, struct attempt, job);
	struct sessions *s = x->s;
	const bool good = !err;

	err = outcome(x, doorkeeper_failed(err, why));
	if (good && !s->house->stopping) {
		if (x->way != BY_PASSWORD && person_of(x))
			remember_change(x);
		if (err)
			drop(s, x->session.hash);
	}
	if (x->way != BY_LINK && err == ERR_UNAVAILABLE)
		signinlimit_unjudged(s->limit, x->address, sizeof(x->address), x->name);
	if (x->way != BY_LINK && !err)
		signinlimit_right(s->limit, x->address, sizeof(x->address), x->name);
	if (!err)
		let_in(x);
	else if (err == ERR_UNAUTHORIZED)
		keep_out(x);
	else
		answer_problem(x->answer, err, "Nobody can sign in at the moment. Try "
			       "again in a minute.");
	attempt_free(x);
}

static void judge(struct attempt *x)
{
	static const struct why none = {.text = ""};

	if (accounts_ask(doorkeeper_accounts(x->s->keeper), &x->job))
		attempt_done(&x->job, ERR_UNAVAILABLE, &none);
}

static void be_late(struct attempt *x, uint64_t wait_ms)
{
	struct sessions *s = x->s;

	list_append(&s->late, &x->among_late);
	s->late_count++;
	loop_timer_set(s->loop, &x->timer, loop_now_ms(s->loop) + wait_ms);
}

static void be_late_no_more(struct attempt *x)
{
	loop_timer_stop(x->s->loop, &x->timer);
	list_unlink(&x->among_late);
	x->s->late_count--;
}

static void on_time(struct loop_timer *t)
{
	struct attempt *x = CONTAINER_OF(t, struct attempt, timer);

	be_late_no_more(x);
	judge(x);
}

/* Takes the attempt, which has name and passwords; from here on it has an answer. */
static void begin(struct attempt *x, struct http_request *rq, uint64_t wait_ms)
{
	const struct staffset_person *p = person_of(x);
	struct sessions *s = x->s;
	uint8_t random[SIGNIN_RANDOM];

	x->may = p && !p->disabled;
	x->generation = p ? p->generation : 0;
	rnd_bytes(random, sizeof(random));
	signin_secret(x->secret, x->session.hash, random);
	mem_wipe(random, sizeof(random));
	memcpy(x->session.name, x->name, sizeof(x->session.name));
	x->session.made_at = x->session.used_at = clock_wall_ms();
	x->job.run = attempt_run;
	x->job.done = attempt_done;
	list_init(&x->among_late);
	loop_timer_init(&x->timer, on_time);
	x->answer = answer_new(s->loop, s->house, rq, 204);
	answer_hold(x->answer);
	if (wait_ms)
		be_late(x, wait_ms);
	else
		judge(x);
}

/* Whether there is room for one more who has not proved anything. False: it was
 * answered, and the attempt is gone. */
static bool has_room(struct attempt *x, struct http_request *rq)
{
	struct house *h = x->s->house;

	if (h->stopping || !ledger_writable(h->ledger))
		reply_err(rq, ERR_UNAVAILABLE, NULL);
	else if (accounts_full(doorkeeper_accounts(x->s->keeper)) ||
		 x->s->late_count >= LATE_MAX)
		refuse_too_fast(rq, SIGNINLIMIT_LATE_MS);
	else
		return true;
	attempt_free(x);
	return false;
}

/* A password is about to be tried: begins, now or later or not at all. */
static void try_password(struct attempt *x, struct http_request *rq)
{
	struct sessions *s = x->s;
	struct client client;
	uint64_t wait_ms;

	if (!has_room(x, rq))
		return;
	clients_find(&client, s->house->clients, rq);
	turn_addr_key(x->address, &client.addr);
	if (signinlimit_try(s->limit, clock_mono_ms(), x->address, sizeof(x->address),
			    x->name, &wait_ms)) {
		remember_refusal(s, x->name, REASON_TOO_FAST);
		refuse_too_fast(rq, wait_ms);
		attempt_free(x);
		return;
	}
	begin(x, rq, wait_ms);
}

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
	struct attempt *x = attempt_new(s, BY_PASSWORD);
	char username[256];
	const struct text want[] = {
		{"username", username, sizeof(username)},
		{"password", x->password, sizeof(x->password)},
	};

	if (read_body(rq, want, ARRAY_LEN(want))) {
		fold(x->name, username);
		try_password(x, rq);
	} else {
		attempt_free(x);
	}
	/* some type the password there */
	mem_wipe(username, sizeof(username));
}

static void use_link(struct sessions *s, struct http_request *rq)
{
	struct attempt *x = attempt_new(s, BY_LINK);
	char invite[256];
	const struct text want[] = {
		{"invite", invite, sizeof(invite)},
		{"password", x->next, sizeof(x->next)},
	};
	const char *wrong;

	if (!read_body(rq, want, ARRAY_LEN(want))) {
		attempt_free(x);
		return;
	}
	wrong = signin_password_wrong(x->next, strlen(x->next));
	if (wrong) {
		refuse_field(rq, "password", wrong);
		attempt_free(x);
	} else if (signin_link(x->name, x->link, invite, strlen(invite))) {
		reply_err(rq, ERR_UNAUTHORIZED, LINK_REFUSED);
		attempt_free(x);
	} else if (has_room(x, rq)) {
		begin(x, rq, 0);
	}
	mem_wipe(invite, sizeof(invite));
}

static void change_password(struct sessions *s, struct http_request *rq)
{
	const struct sessionset_session *mine = caller_session(s->house, rq);
	struct attempt *x;
	const char *wrong;

	if (!mine) {
		reply_err(rq, ERR_UNAUTHORIZED, NULL);
		return;
	}
	x = attempt_new(s, BY_CHANGE);
	const struct text want[] = {
		{"password", x->password, sizeof(x->password)},
		{"newPassword", x->next, sizeof(x->next)},
	};

	if (!read_body(rq, want, ARRAY_LEN(want))) {
		attempt_free(x);
		return;
	}
	memcpy(x->name, mine->name, sizeof(x->name));
	wrong = signin_password_wrong(x->next, strlen(x->next));
	if (wrong) {
		refuse_field(rq, "newPassword", wrong);
		attempt_free(x);
		return;
	}
	try_password(x, rq);
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
	set_cookie(a, NULL);
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
	s->limit = signinlimit_new();
	list_init(&s->late);
	return s;
}

void sessions_free(struct sessions *s)
{
	static const struct why none = {.text = ""};

	if (!s)
		return;
	LIST_EACH_SAFE(it, &s->late) {
		struct attempt *x = CONTAINER_OF(it, struct attempt, among_late);

		be_late_no_more(x);
		attempt_done(&x->job, ERR_UNAVAILABLE, &none);
	}
	signinlimit_free(s->limit);
	free(s);
}
