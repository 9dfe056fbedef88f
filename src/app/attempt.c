#include "app/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer.h"
#include "app/clients.h"
#include "app/outlet.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "core/limits.h"
#include "core/signinlimit.h"

/* One text, whatever was wrong: who guesses learns nothing. */
#define REFUSED "This name and this password do not belong together, or the account is " \
		"shut. Ask the one who runs the server for a new link."

#define LATE_MAX 32		/* attempts that may wait to be judged later */

struct attempts {
	struct loop *loop;
	struct house *house;
	struct doorkeeper *keeper;
	struct signinlimit *limit;
	struct list late;		/* attempts that are to be judged later */
	size_t late_count;
	struct bucket refusals;		/* how many become facts */
};

struct attempt {
	struct accounts_job job;
	struct attempts *all;
	struct answer *answer;
	struct list among_late;
	struct loop_timer timer;
	struct attempt_wish wish;
	uint8_t address[TURN_ADDR_KEY_SIZE];
	bool may;			/* there is such an account, and it is not shut */
	unsigned int generation;	/* of the account, when it began */
	char secret[SIGNIN_SECRET_SIZE];	/* of the new session */
	struct accountdb_session session;
};

static void refuse_too_fast(struct http_request *rq, uint64_t wait_ms)
{
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%llu",
		 (unsigned long long)(wait_ms + 999) / 1000);
	http_add_header(rq, "Retry-After", seconds);
	reply_err(rq, ERR_TOO_FAST, "Too many tries. Wait a moment, then try again.");
}

static void attempt_free(struct attempt *x)
{
	mem_wipe(x, sizeof(*x));
	free(x);
}

static const struct staffset_person *person_of(const struct attempt *x)
{
	return staffset_find(x->all->house->staff, x->wish.name, strlen(x->wish.name));
}

/* The same work for every name, until the password was right. */
static int check_password(struct attempt *x, struct accountdb *a, struct why *why)
{
	char hash[PASSWORD_HASH_SIZE];
	bool right;
	int err = accountdb_password(hash, a, x->wish.name, why);

	if (err)
		return err;
	right = password_is(hash, x->wish.password);
	mem_wipe(hash, sizeof(hash));
	return right && x->may ? 0 : ERR_UNAUTHORIZED;
}

/* On the doorkeeper's thread. */
static int attempt_run(struct accounts_job *job, struct accountdb *a, struct why *why)
{
	struct attempt *x = CONTAINER_OF(job, struct attempt, job);
	int err;

	if (x->wish.way == BY_LINK)
		err = accountdb_check_link(a, x->wish.name, x->wish.link,
					   x->session.made_at, why);
	else
		err = check_password(x, a, why);
	if (err == ERR_NOT_FOUND || (!err && !x->may))
		err = ERR_UNAUTHORIZED;
	if (!err && x->wish.way != BY_PASSWORD)
		err = accountdb_renew(a, x->wish.name, x->wish.next, why);
	return err ? err : accountdb_put_session(a, &x->session, why);
}

/* Each try at an account that exists is worth a fact, but not when it rains. What was
 * typed for a name that nobody has is in no fact: it may be a password. */
static void remember_refusal(struct attempts *s, const char *name,
			     enum factdata_reason reason)
{
	static const struct bucket_rule rule = {.per_second = 1, .burst = 1000};
	const struct factdata d = {.reason = reason};

	if (staffset_find(s->house->staff, name, strlen(name)) && !s->house->stopping &&
	    ledger_writable(s->house->ledger) &&
	    bucket_take(&s->refusals, &rule, clock_mono_ms(), 1))
		house_staff_fact(s->house, name, FACT_STAFF_REFUSED, &d, "server");
}

/* A session that is on disk, and that memory will not have. */
static void drop(struct attempts *s, const uint8_t hash[SIGNIN_HASH_SIZE])
{
	struct errand e = {.kind = ERRAND_END};

	memcpy(e.hash, hash, sizeof(e.hash));
	doorkeeper_send(s->keeper, &e, NULL, NULL);
}

/* The password is another one, whether somebody waits for the answer or not. */
static void remember_change(struct attempt *x)
{
	const struct factdata d = {.password = true};

	house_staff_fact(x->all->house, x->wish.name, FACT_STAFF_CHANGED, &d, NULL);
	sessionset_end_all(x->all->house->sessions, x->wish.name);
}

static void let_in(struct attempt *x)
{
	const struct factdata none = {.host = false};
	struct house *h = x->all->house;
	struct sessionset_session session = {
		.made_at = x->session.made_at,
		.used_at = x->session.used_at,
		.written_at = x->session.used_at,
	}, ended;
	uint64_t gate;

	memcpy(session.hash, x->session.hash, sizeof(session.hash));
	memcpy(session.name, x->wish.name, sizeof(session.name));
	if (sessionset_add(h->sessions, &session, &ended))
		drop(x->all, ended.hash);
	gate = house_staff_fact(h, x->wish.name, FACT_STAFF_SIGNED_IN, &none, NULL);
	signin_put_cookie(x->answer->cookie, x->secret, SESSIONSET_LIFE_MS);
	answer_wait(x->answer, gate);
}

static void keep_out(struct attempt *x)
{
	const struct staffset_person *p = person_of(x);

	if (x->wish.way != BY_LINK)
		remember_refusal(x->all, x->wish.name, p && p->disabled ? REASON_DISABLED :
				 REASON_PASSWORD);
	if (x->wish.way == BY_CHANGE)
		outlet_refuse_late(x->answer, "password", "is not your present password");
	else
		answer_problem(x->answer, ERR_UNAUTHORIZED,
			       x->wish.way == BY_LINK ? ATTEMPT_LINK_REFUSED : REFUSED);
}

/* What becomes of a try whose job ended with `err`. */
static int outcome(const struct attempt *x, int err)
{
	const struct staffset_person *p = person_of(x);
	const struct house *h = x->all->house;

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
	struct attempts *s = x->all;
	const bool good = !err;

	err = outcome(x, doorkeeper_failed(err, why));
	if (good && !s->house->stopping) {
		if (x->wish.way != BY_PASSWORD && person_of(x))
			remember_change(x);
		if (err)
			drop(s, x->session.hash);
	}
	if (x->wish.way != BY_LINK && err == ERR_UNAVAILABLE)
		signinlimit_unjudged(s->limit, x->address, sizeof(x->address), x->wish.name);
	if (x->wish.way != BY_LINK && !err)
		signinlimit_right(s->limit, x->address, sizeof(x->address), x->wish.name);
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

	if (accounts_ask(doorkeeper_accounts(x->all->keeper), &x->job))
		attempt_done(&x->job, ERR_UNAVAILABLE, &none);
}

static void be_late(struct attempt *x, uint64_t wait_ms)
{
	struct attempts *s = x->all;

	list_append(&s->late, &x->among_late);
	s->late_count++;
	loop_timer_set(s->loop, &x->timer, loop_now_ms(s->loop) + wait_ms);
}

static void be_late_no_more(struct attempt *x)
{
	loop_timer_stop(x->all->loop, &x->timer);
	list_unlink(&x->among_late);
	x->all->late_count--;
}

static void on_time(struct loop_timer *t)
{
	struct attempt *x = CONTAINER_OF(t, struct attempt, timer);

	be_late_no_more(x);
	judge(x);
}

/* Begins now or later; from here on it has an answer. */
static void begin(struct attempts *s, const struct attempt_wish *wish,
		  struct http_request *rq, const uint8_t address[TURN_ADDR_KEY_SIZE],
		  uint64_t wait_ms)
{
	struct attempt *x = mem_new(sizeof(*x));
	const struct staffset_person *p;
	uint8_t random[SIGNIN_RANDOM];

	x->all = s;
	x->wish = *wish;
	memcpy(x->address, address, sizeof(x->address));
	p = person_of(x);
	x->may = p && !p->disabled;
	x->generation = p ? p->generation : 0;
	rnd_bytes(random, sizeof(random));
	signin_secret(x->secret, x->session.hash, random);
	mem_wipe(random, sizeof(random));
	memcpy(x->session.name, wish->name, sizeof(x->session.name));
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

/* Half the places are for those who have not guessed wrong: with all of them taken by
 * guesses, who knows the password could not say it. */
static size_t places(size_t all, bool suspected)
{
	return suspected ? all / 2 : all;
}

void attempts_begin(struct attempts *s, const struct attempt_wish *wish,
		    struct http_request *rq)
{
	struct house *h = s->house;
	const uint64_t now = clock_mono_ms();
	uint8_t address[TURN_ADDR_KEY_SIZE];
	struct client client;
	uint64_t wait_ms = 0;
	bool suspected;

	clients_find(&client, h->clients, rq);
	turn_addr_key(address, &client.addr);
	suspected = signinlimit_suspects(s->limit, now, address, sizeof(address));
	if (h->stopping || !ledger_writable(h->ledger)) {
		reply_err(rq, ERR_UNAVAILABLE, NULL);
	} else if (accounts_waiting(doorkeeper_accounts(s->keeper)) >=
		   places(ACCOUNTS_QUEUE_MAX, suspected)) {
		refuse_too_fast(rq, SIGNINLIMIT_LATE_MS);
	} else if (wish->way != BY_LINK &&
		   signinlimit_try(s->limit, now, address, sizeof(address), wish->name,
				   &wait_ms)) {
		remember_refusal(s, wish->name, REASON_TOO_FAST);
		refuse_too_fast(rq, wait_ms);
	} else if (wait_ms && s->late_count >= places(LATE_MAX, suspected)) {
		signinlimit_unjudged(s->limit, address, sizeof(address), wish->name);
		refuse_too_fast(rq, wait_ms);
	} else {
		begin(s, wish, rq, address, wait_ms);
	}
}

struct attempts *attempts_new(struct loop *l, struct house *h, struct doorkeeper *k)
{
	struct attempts *s = mem_new(sizeof(*s));

	s->loop = l;
	s->house = h;
	s->keeper = k;
	s->limit = signinlimit_new();
	list_init(&s->late);
	return s;
}

void attempts_free(struct attempts *s)
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
