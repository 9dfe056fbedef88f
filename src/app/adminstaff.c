#include "app/adminstaff.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/answer.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "proto/json.h"
#include "proto/signin.h"
#include "proto/words.h"

#define ACTOR "admin"
#define LINK_MS (72 * 3600 * INT64_C(1000))

struct adminstaff {
	struct loop *loop;
	struct house *house;
	struct doorkeeper *keeper;
};

/* --- What is asked ---------------------------------------------------------------- */

/* The account, if there is one and something can be recorded; else it was answered. */
static const struct staffset_person *find(struct adminstaff *s, struct http_request *rq,
					  const char *name)
{
	const struct staffset_person *p =
		staffset_find(s->house->staff, name, strlen(name));

	if (!p)
		reply_err(rq, ERR_NOT_FOUND, "There is no such account.");
	else if (s->house->stopping || !ledger_writable(s->house->ledger))
		reply_err(rq, ERR_UNAVAILABLE, NULL);
	else
		return p;
	return NULL;
}

/* A member of the body as text; its length, or an error. */
static ssize_t read_text(const struct http_request *rq, const char *key, char *out,
			 size_t cap)
{
	const struct json_member *found;
	struct json_member m[8];
	int n = json_scan(m, ARRAY_LEN(m), rq->body, rq->body_len);

	if (n < 0)
		return n;
	found = json_find(m, n, key);
	return found ? json_get_string(found, out, cap) : ERR_RANGE;
}

static int read_roles(unsigned int *roles, const struct http_request *rq)
{
	char text[64];
	ssize_t len = read_text(rq, "roles", text, sizeof(text));

	return len < 0 || words_get(roles, factdata_roles, text, (size_t)len) ?
		ERR_RANGE : 0;
}

#define ROLES_ARE "The roles are admin, audit and host, each once."

/* --- What is told ------------------------------------------------------------------- */

static void put_roles(struct json_writer *w, unsigned int roles)
{
	struct buf text = BUF_INIT;

	words_put(&text, factdata_roles, roles);
	json_put_text(w, "roles", text.p);
	buf_fini(&text);
}

static void put_person(struct json_writer *w, const struct house *h,
		       const struct staffset_person *p, int64_t now)
{
	json_put_object(w, NULL);
	json_put_text(w, "name", p->name);
	put_roles(w, p->roles);
	json_put_bool(w, "disabled", p->disabled);
	json_put_time(w, "addedAt", p->added_at);
	if (p->invited_until > now)
		json_put_time(w, "invitedUntil", p->invited_until);
	else
		json_put_null(w, "invitedUntil");
	json_put_int(w, "sessions",
		     (int64_t)sessionset_count_of(h->sessions, p->name, now));
	json_put_end(w);
}

static void list(void *arg, struct http_request *rq, const char *name)
{
	struct adminstaff *s = arg;
	struct answer *a = answer_new(s->loop, s->house, rq, 200);
	const int64_t now = house_now().wall;
	struct json_writer w;

	(void)name;
	json_put_init(&w, &a->body);
	json_put_object(&w, NULL);
	json_put_array(&w, "items");
	for (size_t i = 0; i < staffset_count(s->house->staff); i++)
		put_person(&w, s->house, staffset_at(s->house->staff, i), now);
	json_put_end(&w);
	json_put_end(&w);
	answer_send(a);
}

/* --- Errands ------------------------------------------------------------------------ */

/* What is done once staff.db knows. */
struct order {
	struct adminstaff *s;
	struct answer *answer;
	uint64_t gate;
	char name[SIGNIN_NAME_SIZE];
	int64_t expires_at;
	char secret[SIGNIN_SECRET_SIZE];	/* of the link */
};

static struct order *order_new(struct adminstaff *s, struct http_request *rq, int status,
			       const char *name)
{
	struct order *o = mem_new(sizeof(*o));

	o->s = s;
	o->answer = answer_new(s->loop, s->house, rq, status);
	assert(strlen(name) < sizeof(o->name));	/* it has been read as a name */
	strcpy(o->name, name);
	answer_hold(o->answer);
	return o;
}

static void order_free(struct order *o)
{
	mem_wipe(o, sizeof(*o));
	free(o);
}

/* Whether the account is still there, to remember something about. */
static bool is_there(const struct order *o)
{
	return !o->s->house->stopping &&
	       staffset_find(o->s->house->staff, o->name, strlen(o->name));
}

static void put_link(struct order *o)
{
	const struct house *h = o->s->house;
	struct buf link = BUF_INIT;
	struct json_writer w;

	buf_printf(&link, "%s/staff#invite=%s.%s", h->conf->public_url, o->name, o->secret);
	json_put_init(&w, &o->answer->body);
	json_put_object(&w, NULL);
	json_put_text(&w, "name", o->name);
	put_roles(&w, staffset_find(h->staff, o->name, strlen(o->name))->roles);
	json_put_text(&w, "link", link.p);
	json_put_time(&w, "expiresAt", o->expires_at);
	json_put_end(&w);
	mem_wipe(link.p, link.len);
	buf_fini(&link);
}

static void on_link(void *arg, int err)
{
	struct order *o = arg;
	const struct factdata d = {.expires_at = o->expires_at};

	if (err || !is_there(o)) {
		answer_problem(o->answer, err ? err : ERR_CONFLICT,
			       "No link was made. Try: paravent staff invite NAME");
	} else {
		put_link(o);
		answer_wait(o->answer, house_staff_fact(o->s->house, o->name,
							FACT_STAFF_INVITED, &d, ACTOR));
	}
	order_free(o);
}

/* A new link for an account; takes the order. */
static void make_link(struct order *o, enum errand_kind kind)
{
	struct errand e = {.kind = kind};
	uint8_t random[SIGNIN_RANDOM];

	rnd_bytes(random, sizeof(random));
	signin_secret(o->secret, e.hash, random);
	mem_wipe(random, sizeof(random));
	o->expires_at = e.expires_at = house_now().wall + LINK_MS;
	strcpy(e.name, o->name);
	doorkeeper_send(o->s->keeper, &e, on_link, o);
}

static void add(void *arg, struct http_request *rq, const char *unused)
{
	struct adminstaff *s = arg;
	const char *sentence = NULL;
	char name[SIGNIN_NAME_SIZE];
	unsigned int roles = 0;
	struct fact f;
	ssize_t len;
	int err;

	(void)unused;
	if (s->house->stopping || !ledger_writable(s->house->ledger)) {
		reply_err(rq, ERR_UNAVAILABLE, NULL);
		return;
	}
	len = read_text(rq, "name", name, sizeof(name));
	if (len < 0 || !signin_name_ok(name, (size_t)len)) {
		reply_err(rq, ERR_RANGE, "A name has 1 to 32 characters of a-z, 0-9, dot, "
			  "underscore and hyphen, and begins with a letter or a digit.");
		return;
	}
	if (read_roles(&roles, rq)) {
		reply_err(rq, ERR_RANGE, ROLES_ARE);
		return;
	}
	err = staffset_add(&f, s->house->staff, house_now().wall, name, (size_t)len, roles,
			   ACTOR);
	if (err) {
		if (err == ERR_DUPLICATE)
			sentence = "There is such an account. For a new link: paravent "
				   "staff invite NAME";
		reply_err(rq, err == ERR_DUPLICATE ? ERR_CONFLICT : err, sentence);
		return;
	}
	house_fact(s->house, &f);
	staffset_apply(s->house->staff, &f);
	make_link(order_new(s, rq, 201, name), ERRAND_ADD);
}

static void invite(void *arg, struct http_request *rq, const char *name)
{
	struct adminstaff *s = arg;

	if (find(s, rq, name))
		make_link(order_new(s, rq, 200, name), ERRAND_LINK);
}

static void on_password(void *arg, int err)
{
	const struct factdata d = {.password = true};
	struct order *o = arg;
	struct house *h = o->s->house;

	if (err || !is_there(o)) {
		answer_problem(o->answer, err ? err : ERR_CONFLICT, NULL);
	} else {
		sessionset_end_all(h->sessions, o->name);
		answer_wait(o->answer, house_staff_fact(h, o->name, FACT_STAFF_CHANGED, &d,
							ACTOR));
	}
	order_free(o);
}

static void set_password(void *arg, struct http_request *rq, const char *name)
{
	struct adminstaff *s = arg;
	struct errand e = {.kind = ERRAND_PASSWORD};
	struct buf sentence = BUF_INIT;
	const char *wrong;
	ssize_t len;

	if (!find(s, rq, name))
		return;
	len = read_text(rq, "password", e.password, sizeof(e.password));
	wrong = len < 0 ? "must be text of at most 511 bytes" :
		signin_password_wrong(e.password, (size_t)len);
	if (wrong) {
		buf_printf(&sentence, "A password %s.", wrong);
		reply_err(rq, ERR_RANGE, sentence.p);
	} else {
		strcpy(e.name, name);
		doorkeeper_send(s->keeper, &e, on_password, order_new(s, rq, 204, name));
	}
	buf_fini(&sentence);
	mem_wipe(&e, sizeof(e));
}

/* --- Ends ----------------------------------------------------------------------------- */

static void on_end(void *arg, int err)
{
	struct order *o = arg;

	if (err)
		answer_problem(o->answer, err, "It is done, but staff.db could not be told "
			       "yet. Look at the log before the server is started anew.");
	else
		answer_wait(o->answer, o->gate);
	order_free(o);
}

/* A fact that ends all sessions of somebody, here and then on disk. */
static void end(struct adminstaff *s, struct http_request *rq, const char *name,
		enum fact_kind kind, const struct factdata *d, enum errand_kind errand)
{
	struct errand e = {.kind = errand};
	struct order *o;

	if (!find(s, rq, name))
		return;
	o = order_new(s, rq, 204, name);
	strcpy(e.name, name);
	o->gate = house_staff_fact(s->house, name, kind, d, ACTOR);
	sessionset_end_all(s->house->sessions, name);
	doorkeeper_send(s->keeper, &e, on_end, o);
}

static void disable(void *arg, struct http_request *rq, const char *name)
{
	const struct factdata d = {.has_disabled = true, .disabled = true};

	end(arg, rq, name, FACT_STAFF_CHANGED, &d, ERRAND_END_ALL);
}

static void sign_out(void *arg, struct http_request *rq, const char *name)
{
	const struct factdata d = {.everywhere = true};

	end(arg, rq, name, FACT_STAFF_SIGNED_OUT, &d, ERRAND_END_ALL);
}

static void remove_one(void *arg, struct http_request *rq, const char *name)
{
	const struct factdata none = {.host = false};

	end(arg, rq, name, FACT_STAFF_REMOVED, &none, ERRAND_FORGET);
}

/* --- Changes --------------------------------------------------------------------------- */

static void change(struct adminstaff *s, struct http_request *rq, const char *name,
		   const struct factdata *d)
{
	answer_wait(answer_new(s->loop, s->house, rq, 204),
		    house_staff_fact(s->house, name, FACT_STAFF_CHANGED, d, ACTOR));
}

static void enable(void *arg, struct http_request *rq, const char *name)
{
	const struct factdata d = {.has_disabled = true, .disabled = false};

	if (find(arg, rq, name))
		change(arg, rq, name, &d);
}

static void set_roles(void *arg, struct http_request *rq, const char *name)
{
	struct factdata d = {.roles = 0};

	if (!find(arg, rq, name))
		return;
	if (read_roles(&d.roles, rq))
		reply_err(rq, ERR_RANGE, ROLES_ARE);
	else
		change(arg, rq, name, &d);
}

static const struct admin_route routes[] = {
	{HTTP_GET, "/admin/staff", list},
	{HTTP_POST, "/admin/staff", add},
	{HTTP_DELETE, "/admin/staff/{}", remove_one},
	{HTTP_POST, "/admin/staff/{}/invite", invite},
	{HTTP_POST, "/admin/staff/{}/password", set_password},
	{HTTP_POST, "/admin/staff/{}/roles", set_roles},
	{HTTP_POST, "/admin/staff/{}/disable", disable},
	{HTTP_POST, "/admin/staff/{}/enable", enable},
	{HTTP_POST, "/admin/staff/{}/signout", sign_out},
};

struct adminstaff *adminstaff_new(struct loop *l, struct house *h, struct doorkeeper *k,
				  struct admin *a)
{
	struct adminstaff *s = mem_new(sizeof(*s));

	s->loop = l;
	s->house = h;
	s->keeper = k;
	admin_serve(a, routes, ARRAY_LEN(routes), s);
	return s;
}

void adminstaff_free(struct adminstaff *s)
{
	free(s);
}
