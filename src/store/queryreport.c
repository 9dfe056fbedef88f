#include "store/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/querydb.h"

/*
 * Bounds on what is gathered of one meeting. People who only knocked are counted beyond
 * theirs; more stays inside, and more calls, than these take a machine to make.
 */
#define INSIDE_MAX 4000
#define KNOCKED_MAX 4000
#define STAYS_MAX 16000
#define CALLS_MAX 400

struct edge {
	int64_t at;
	int hosts, guests;	/* +1 or -1 of one of them */
};

/* Everybody there was; the same person's stays lie side by side. */
struct people {
	struct report_person *inside, *knocked;
	size_t inside_count, knocked_count, stays;
	uint64_t more;
	struct edge *edge;	/* two for each stay inside */
	size_t edges;

	struct report_person now;	/* whose stays are being read */
	int64_t closed;			/* of the last of these; 0: it goes on */
};

static const char *text(sqlite3_stmt *s, int column, size_t *len)
{
	const unsigned char *p = sqlite3_column_text(s, column);

	*len = (size_t)sqlite3_column_bytes(s, column);
	return p ? (const char *)p : "";
}

static void keep(struct report_person **list, size_t *count, size_t max,
		 struct people *all)
{
	if (*count == max) {
		all->more++;
		return;
	}
	if (!(*count & (*count - 1)))	/* nothing, or a power of two: full */
		*list = mem_resize(*list, (*count ? 2 * *count : 1) * sizeof(**list));
	(*list)[(*count)++] = all->now;
}

/* All stays of one person have been read. */
static void keep_person(struct people *all)
{
	if (!all->now.id[0])
		return;
	if (all->now.joined_at)
		keep(&all->inside, &all->inside_count, INSIDE_MAX, all);
	else
		keep(&all->knocked, &all->knocked_count, KNOCKED_MAX, all);
}

static void earlier(int64_t *slot, int64_t at)
{
	if (at && (!*slot || at < *slot))
		*slot = at;
}

static void add_edges(struct people *all, bool host, int64_t since, int64_t until)
{
	if (all->stays == STAYS_MAX)
		return;
	if (!(all->stays & (all->stays - 1)))
		all->edge = mem_resize(all->edge, (all->stays ? 2 * all->stays : 1) * 2 *
				       sizeof(*all->edge));
	all->stays++;
	all->edge[all->edges++] = (struct edge){since, host, !host};
	if (until)
		all->edge[all->edges++] = (struct edge){until, -host, -!host};
}

/* One stay, of whoever it is. */
static void add_stay(struct people *all, sqlite3_stmt *s)
{
	const int64_t joined = sqlite3_column_int64(s, 4), left = sqlite3_column_int64(s, 5);
	const int64_t closed = sqlite3_column_int64(s, 8);
	struct report_person *p = &all->now;
	const char *id, *role, *reason;
	size_t len, role_len, reason_len;

	id = text(s, 0, &len);
	role = text(s, 1, &role_len);
	reason = text(s, 6, &reason_len);
	if (len >= sizeof(p->id))
		return;
	if (strcmp(p->id, id) != 0) {
		keep_person(all);
		memset(p, 0, sizeof(*p));
		memcpy(p->id, id, len + 1);
		all->closed = closed;
	}
	p->host = p->host || strcmp(role, "host") == 0;
	earlier(&p->waiting_at, sqlite3_column_int64(s, 2));
	earlier(&p->admitted_at, sqlite3_column_int64(s, 3));
	earlier(&p->joined_at, joined);
	p->away += (uint32_t)sqlite3_column_int64(s, 7);
	if (joined)
		add_edges(all, strcmp(role, "host") == 0, joined, left);
	if (joined && !closed)
		p->inside_since = joined;
	else if (joined)
		p->inside_ms += left - joined;
	/* one that goes on comes first, and is the last word; else the last one is */
	if (closed && all->closed) {
		p->left_at = left;
		p->end = report_end_of(reason, reason_len);
	}
}

static int64_t came_at(const struct report_person *p)
{
	return p->joined_at ? p->joined_at : p->waiting_at;
}

static int by_coming(const void *a, const void *b)
{
	const struct report_person *x = a, *y = b;

	if (came_at(x) != came_at(y))
		return came_at(x) < came_at(y) ? -1 : 1;
	return strcmp(x->id, y->id);
}

static void list_people(struct report *r, struct report_person *list, size_t count)
{
	struct report_person *p;

	if (count)
		qsort(list, count, sizeof(*list), by_coming);
	for (size_t i = 0; i < count; i++) {
		p = report_add(r);
		if (p)
			*p = list[i];
	}
}

static int by_time(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* How long a host and a guest were inside at a time. */
static void add_together(struct report *r, struct people *all)
{
	int hosts = 0, guests = 0;
	int64_t since = 0;

	if (all->edges)
		qsort(all->edge, all->edges, sizeof(*all->edge), by_time);
	for (size_t i = 0; i < all->edges; i++) {
		const struct edge *e = &all->edge[i];
		const bool before = hosts > 0 && guests > 0;

		hosts += e->hosts;
		guests += e->guests;
		if (!before && hosts > 0 && guests > 0)
			since = e->at;
		else if (before && !(hosts > 0 && guests > 0))
			r->together_ms += e->at - since;
	}
	r->together_since = hosts > 0 && guests > 0 ? since : 0;
}

static int add_stays(struct query *q, struct report *r, sqlite3_int64 first,
		     struct why *why)
{
	struct people all = {.stays = 0};
	sqlite3_stmt *s;
	int err;

	err = db_prepare(&s, querydb_of(q), "SELECT id, role, waiting_at, admitted_at, "
			 "joined_at, left_at, reason, away, closed FROM stay "
			 "WHERE meeting = ?1 ORDER BY id, closed", why);
	if (err)
		return err;
	sqlite3_bind_int64(s, 1, first);
	while ((err = querydb_step(q, s, why)) > 0)
		add_stay(&all, s);
	sqlite3_finalize(s);
	keep_person(&all);
	if (!err) {
		list_people(r, all.inside, all.inside_count);
		list_people(r, all.knocked, all.knocked_count);
		r->people_more += all.more;
		add_together(r, &all);
	}
	free(all.inside);
	free(all.knocked);
	free(all.edge);
	return err;
}

/* What one side reported about the other. */
struct side {
	char id[SIGMSG_ID_SIZE], peer[SIGMSG_ID_SIZE];
	uint32_t reconnects;
};

/* Both sides report the same reconnect: of two that tell of each other the larger counts. */
static void count_reconnects(struct report *r, struct side *side, size_t count)
{
	const struct side *me = &side[count];
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(side[i].id, me->peer) == 0 && strcmp(side[i].peer, me->id) == 0) {
			if (me->reconnects > side[i].reconnects)
				r->reconnects += me->reconnects - side[i].reconnects;
			return;
		}
	}
	r->reconnects += me->reconnects;
}

static void copy_id(char out[SIGMSG_ID_SIZE], sqlite3_stmt *s, int column)
{
	size_t len;
	const char *id = text(s, column, &len);

	if (len < SIGMSG_ID_SIZE)
		memcpy(out, id, len + 1);
}

static int add_calls(struct query *q, struct report *r, sqlite3_int64 first,
		     struct why *why)
{
	static const enum sigmsg_path path[] = {
		SIGMSG_DIRECT, SIGMSG_RELAY_UDP, SIGMSG_RELAY_TCP, SIGMSG_RELAY_TLS,
	};
	struct side *side = mem_new(CALLS_MAX * sizeof(*side));
	sqlite3_stmt *s;
	size_t count = 0, i;
	int64_t paths = 0, proof = 0;
	int err = db_prepare(&s, querydb_of(q), "SELECT id, peer, paths, proof, reconnects "
			     "FROM call WHERE meeting = ?1", why);

	if (!err)
		sqlite3_bind_int64(s, 1, first);
	while (!err && (err = querydb_step(q, s, why)) > 0) {
		err = 0;
		paths |= sqlite3_column_int64(s, 2);
		if (sqlite3_column_int64(s, 3) > proof)
			proof = sqlite3_column_int64(s, 3);
		if (count == CALLS_MAX)
			continue;
		copy_id(side[count].id, s, 0);
		copy_id(side[count].peer, s, 1);
		side[count].reconnects = (uint32_t)sqlite3_column_int64(s, 4);
		count_reconnects(r, side, count);
		count++;
	}
	sqlite3_finalize(s);
	free(side);
	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		if (paths == 1 << i)
			r->path = path[i];
	}
	r->path_mixed = (paths & (paths - 1)) != 0;
	if (proof > 0 && proof < REPORT_PROOF_COUNT)
		r->verified = (enum report_proof)proof;
	return err;
}

static int add_rest(struct query *q, struct report *r, sqlite3_int64 first,
		    struct why *why)
{
	sqlite3_stmt *s;
	const char *by;
	size_t len;
	int err = db_prepare(&s, querydb_of(q), "SELECT over_by, relay_up, relay_down, "
			     "relay_seconds FROM meeting WHERE first = ?1", why);

	if (err)
		return err;
	sqlite3_bind_int64(s, 1, first);
	err = querydb_step(q, s, why);
	if (err > 0) {
		err = 0;
		by = text(s, 0, &len);
		if (len < sizeof(r->over_by))
			memcpy(r->over_by, by, len);
		r->relay_up = (uint64_t)sqlite3_column_int64(s, 1);
		r->relay_down = (uint64_t)sqlite3_column_int64(s, 2);
		r->relay_seconds = (uint64_t)sqlite3_column_int64(s, 3);
	}
	sqlite3_finalize(s);
	return err;
}

int query_report(struct query *q, const char *id, size_t len, struct report *out,
		 struct why *why)
{
	struct query_meeting m;
	sqlite3_int64 first;
	int err = query_meeting(q, id, len, &m, why);

	if (!err)
		err = querydb_first(q, id, len, &first, why);
	if (err)
		return err;
	memcpy(out->id, m.id, sizeof(out->id));
	strncpy(out->status, query_status_name(m.status), sizeof(out->status) - 1);
	out->plan = m.plan;
	out->erased = m.erased;
	out->created_at = m.created_at;
	out->opened_at = m.opened_at;
	out->over_at = m.over_at;
	err = add_rest(q, out, first, why);
	if (!err)
		err = add_stays(q, out, first, why);
	if (!err)
		err = add_calls(q, out, first, why);
	mem_wipe(&m, sizeof(m));
	return err;
}
