#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/keyset.h"
#include "core/meetings.h"
#include "core/room.h"
#include "store/append.h"
#include "store/schema.h"

#include "storekit.h"

#define TURN_MAX 400		/* facts of one life of the server */

/* A server without its net: core, the ledger, and people who do anything. */
struct play {
	struct kit kit;
	struct ledger *ledger;
	struct meetings *house;
	struct instant now;
	unsigned int dice;
	uint32_t ids;

	struct fact *turn;		/* decided since the start, in memory only */
	size_t count;
	uint64_t before;		/* the ledger's last fact at the start */
};

static bool writable(void *arg)
{
	(void)arg;
	return true;
}

static uint64_t take(void *arg, struct fact *f)
{
	struct play *p = arg;

	ck_assert_uint_lt(p->count, TURN_MAX);
	f->seq = p->before + p->count + 1;
	p->turn[p->count++] = *f;
	return f->seq;
}

static void tell(void *arg, struct seat *to, uint64_t gate, const char *text, size_t len)
{
	(void)arg; (void)to; (void)gate; (void)text; (void)len;
}

static void hang_up(void *arg, struct seat *to, uint64_t gate, uint16_t code)
{
	(void)arg; (void)to; (void)gate; (void)code;
}

static void forget(void *arg, struct seat *s)
{
	(void)arg; (void)s;
}

static void resume(void *arg, const struct seat *s, char out[ROOM_RESUME_SIZE])
{
	(void)arg; (void)s;
	strcpy(out, "again");
}

static const char *ice(void *arg, const struct seat *s, int64_t *expires_at)
{
	(void)arg; (void)s;
	*expires_at = 0;
	return "[]";
}

static struct meetings *new_house(struct play *p)
{
	const struct room_port port = {
		.arg = p, .writable = writable, .fact = take, .tell = tell,
		.hang_up = hang_up, .forget = forget, .admitted = forget,
		.resume = resume, .ice = ice,
	};

	return meetings_new(&port, "https://visit.example", "Practice");
}

static unsigned int roll(struct play *p, unsigned int sides)
{
	return (unsigned int)rand_r(&p->dice) % sides;
}

static void schedule(struct play *p)
{
	uint8_t random[MEETING_RANDOM] = {0};
	struct meeting_plan plan;
	struct meeting *m;
	uint64_t gate;

	memcpy(random, &p->ids, sizeof(p->ids));
	random[15] = 1;
	p->ids++;
	plan_init(&plan);
	plan.capacity = 4;
	plan.waiting_room = roll(p, 2);
	plan.starts_at = p->now.wall + (int64_t)roll(p, 3) * 3600000;
	if (roll(p, 2))
		strcpy(plan.title, "Talk");
	ck_assert_int_eq(meetings_schedule(&m, &gate, p->house, p->now, &plan, random,
					   "open"), 0);
}

static void join(struct play *p, struct meeting *m)
{
	uint8_t random[SEAT_RANDOM] = {0};
	struct room_guest who = {
		.conn = p, .host = roll(p, 2), .label = {"x", 1, false},
		.random = random,
	};
	struct room_refusal no;
	struct seat *s;

	memcpy(random, &p->ids, sizeof(p->ids));
	p->ids++;
	if (roll(p, 3) == 0)
		LIST_EACH(it, &m->seats)
			who.resume_id = CONTAINER_OF(it, struct seat, link)->id;
	room_join(&s, &no, m, p->now, &who);
}

/* Somebody in the room does something, on whom it may concern. */
static void act(struct play *p, struct meeting *m)
{
	static const char *const says[] = {
		"{\"type\":\"leave\"}", "{\"type\":\"admit\",\"id\":\"%s\"}",
		"{\"type\":\"deny\",\"id\":\"%s\"}", "{\"type\":\"remove\",\"id\":\"%s\"}",
		"{\"type\":\"lock\",\"on\":true}", "{\"type\":\"lock\",\"on\":false}",
		"{\"type\":\"report\",\"peer\":\"%s\",\"event\":\"connected\","
			"\"path\":\"direct\"}",
		"{\"type\":\"admit\",\"id\":\"%s\"}", "{\"type\":\"end\"}",
	};
	struct seat *who = NULL, *whom = NULL;
	char text[200];

	LIST_EACH(it, &m->seats) {
		struct seat *s = CONTAINER_OF(it, struct seat, link);

		if (s->conn && (!who || roll(p, 2)))
			who = s;
		if (!whom || roll(p, 2))
			whom = s;
	}
	if (!who)
		return;
	if (roll(p, 6) == 0) {
		room_lost(who, p->now);
		return;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), says[roll(p, ARRAY_LEN(says))], whom->id);
#pragma GCC diagnostic pop
	room_hear(who, p->now, text, strlen(text));
}

static void manage(struct play *p, struct meeting *m)
{
	struct meeting_change c = {.has = CHANGE_TITLE | CHANGE_CAPACITY};
	uint64_t gate;

	switch (roll(p, 8)) {
	case 0:
		meetings_cancel(m, &gate, p->now, "key:x");
		break;
	case 1:
		room_end(m, &gate, p->now, "key:x", false);
		break;
	case 2:
		meetings_erase(m, &gate, p->now, "key:x", REASON_API);
		break;
	default:
		snprintf(c.to.title, sizeof(c.to.title), "Title %u", roll(p, 100));
		c.to.capacity = (uint8_t)(2 + roll(p, 6));
		meetings_change(m, &gate, p->now, &c, "key:x");
	}
}

static int choose(void *arg, struct meeting *m)
{
	struct { struct play *p; struct meeting *m; } *x = arg;

	if (!x->m || roll(x->p, 3) == 0)
		x->m = m;
	return 0;
}

static void live(struct play *p)
{
	for (int i = 0; i < 60; i++) {
		struct { struct play *p; struct meeting *m; } x = {p, NULL};

		p->now.wall += 1000 * roll(p, 40);
		p->now.mono += 40000;
		meetings_tick(p->house, p->now);
		meetings_each(p->house, choose, &x);
		if (!x.m || roll(p, 12) == 0)
			schedule(p);
		else if (roll(p, 12) == 0)
			manage(p, x.m);
		else if (roll(p, 2))
			join(p, x.m);
		else
			act(p, x.m);
	}
}

static int apply(void *arg, const struct fact *f)
{
	return meetings_apply(arg, f);
}

/* What memory holds when all that is over is forgotten. */
static void dump(struct play *p, struct meetings *ms, struct buf *out)
{
	struct instant later = p->now;

	later.wall = clock_wall_ms() + MEETING_KEEP_MS + INT64_C(86400000);
	meetings_forget(ms, later);
	meetings_dump(ms, out);
}

/* Reads the ledger anew both ways and compares; goes on with what a start reads. */
static void start(struct play *p)
{
	struct meetings *all = new_house(p);
	struct buf a = BUF_INIT, b = BUF_INIT;
	int err;

	p->ledger = kit_open(&p->kit);
	p->before = ledger_last(p->ledger);
	p->count = 0;
	err = ledger_replay(p->ledger, apply, all, &p->kit.why);
	ck_assert_msg(err == 0, "all: %d %s", err, p->kit.why.text);
	p->house = new_house(p);
	err = ledger_replay_live(p->ledger, apply, p->house, &p->kit.why);
	ck_assert_msg(err == 0, "live: %d %s", err, p->kit.why.text);
	dump(p, all, &a);
	dump(p, p->house, &b);
	ck_assert_str_eq(b.p, a.p);
	meetings_free(all);
	buf_fini(&a);
	buf_fini(&b);
	ck_assert_int_eq(ledger_start(p->ledger), 0);
}

/* Some of what was decided is on disk, the rest never was. */
static void crash(struct play *p, bool in_the_end)
{
	size_t reached = p->count ? p->count - roll(p, p->count < 10 ? 1 : 10) : 0;

	/* right behind a fact that says that it is over, before the stories it closed */
	for (size_t i = 0; in_the_end && i < p->count; i++)
		if (p->turn[i].kind == FACT_MEETING_ENDED)
			reached = i + 1 + roll(p, 2);
	for (size_t i = 0; i < reached && i < p->count; i++)
		ck_assert_uint_gt(ledger_append(p->ledger, &p->turn[i]), 0);
	ledger_close(p->ledger);
	meetings_free(p->house);
}

START_TEST(test_a_start_knows_what_a_full_replay_knows)
{
	/* issue: a snapshot, proven equal to a full replay; decision 3 */
	for (unsigned int seed = 1; seed <= 4; seed++) {
		struct play p = {.dice = seed, .now = {1795166400000, 1000000}};

		log_init(LOG_ERROR);
		p.turn = mem_new(TURN_MAX * sizeof(*p.turn));
		kit_init(&p.kit);
		for (int life = 0; life < 12; life++) {
			start(&p);
			meetings_recover(p.house, p.now);
			live(&p);
			crash(&p, life % 2);
		}
		start(&p);
		ledger_close(p.ledger);
		meetings_free(p.house);
		kit_fini(&p.kit);
		free(p.turn);
	}
}
END_TEST

#define MINUTE INT64_C(60000)

/* A ledger that is written with any time, without its thread. */
struct book {
	struct kit kit;
	sqlite3 *db;
	struct keyring *keys;
	struct append *append;
	uint64_t seq;
	int64_t at;
};

static void book_open(struct book *b)
{
	struct why *why = &b->kit.why;
	struct chain_cut begin;

	kit_init(&b->kit);
	b->seq = 0;
	b->at = 1700000000000;
	ck_assert_int_eq(schema_open(&b->db, b->kit.dir, &schema_ledger, DB_WRITE, why), 0);
	ck_assert_int_eq(keyring_open(&b->keys, b->kit.dir, b->db, DB_WRITE, why), 0);
	ck_assert_int_eq(chain_cut(&begin, b->db, why), 0);
	ck_assert_int_eq(append_new(&b->append, b->db, b->keys, &begin.head, why), 0);
	append_yield(b->append, false);
	ck_assert_int_eq(append_begin(b->append, why), 0);
}

static struct ledger *book_close(struct book *b)
{
	ck_assert_int_eq(append_commit(b->append, &b->kit.why), 0);
	append_free(b->append);
	keyring_close(b->keys);
	db_close(b->db);
	return kit_open(&b->kit);
}

/* The next fact, a minute after the one before. */
static void tells(struct book *b, const char *stream, unsigned int version,
		  enum fact_kind kind)
{
	struct fact_row row = {
		.seq = ++b->seq, .at = b->at += MINUTE, .version = version,
		.stream = stream, .stream_len = strlen(stream),
		.kind = fact_kind_name(kind), .actor = "server", .actor_len = 6,
		.data = "{}", .data_len = 2,
	};
	int err;

	row.kind_len = strlen(row.kind);
	err = append_fact(b->append, kind, &row, NULL, 0, &b->kit.why);
	ck_assert_msg(err == 0, "%s", b->kit.why.text);
}

static int list(void *arg, const struct fact *f)
{
	buf_printf(arg, "%llu ", (unsigned long long)f->seq);
	return 0;
}

static void live_is(struct kit *k, struct ledger *l, const char *want)
{
	struct buf got = BUF_INIT;
	int err = ledger_replay_live(l, list, &got, &k->why);

	ck_assert_msg(err == 0, "%s", k->why.text);
	ck_assert_str_eq(got.p, want);
	buf_fini(&got);
}

#define MEETING_A "meeting/AAAAAAAAAAAAAAAAAAAAAA"
#define MEETING_B "meeting/BBBBBBBBBBBBBBBBBBBBBB"
#define MEETING_C "meeting/CCCCCCCCCCCCCCCCCCCCCC"
#define MEETING_D "meeting/DDDDDDDDDDDDDDDDDDDDDD"

START_TEST(test_a_start_reads_no_more_than_it_must)
{
	/* ledger.h: meetings not over or over just now, what lasts, the last of the server */
	struct ledger *l;
	struct book b;

	book_open(&b);
	tells(&b, "server", 1, FACT_SERVER_STARTED);		/* 1 */
	tells(&b, "staff/anna", 1, FACT_STAFF_ADDED);		/* 2: lasts */
	tells(&b, "staff/anna", 2, FACT_STAFF_SIGNED_IN);	/* 3 */
	tells(&b, "key/k1", 1, FACT_KEY_MADE);			/* 4: lasts */
	tells(&b, MEETING_A, 1, FACT_MEETING_CREATED);		/* 5: is to come */
	tells(&b, MEETING_B, 1, FACT_MEETING_CREATED);		/* 6: is open */
	tells(&b, MEETING_C, 1, FACT_MEETING_CREATED);		/* 7 */
	tells(&b, MEETING_B, 2, FACT_MEETING_OPENED);		/* 8 */
	tells(&b, "key/k1", 2, FACT_KEY_REVOKED);		/* 9: lasts */
	tells(&b, "staff/anna", 3, FACT_STAFF_CHANGED);		/* 10: lasts */
	tells(&b, MEETING_C, 2, FACT_MEETING_EXPIRED);		/* 11 */
	tells(&b, "staff/anna", 4, FACT_STAFF_SIGNED_IN);	/* 12 */
	tells(&b, "staff/anna", 5, FACT_STAFF_SIGNED_IN);	/* 13: the last of it */
	tells(&b, MEETING_D, 1, FACT_MEETING_CREATED);		/* 14 */
	for (unsigned int n = 0; n < 100; n++)
		tells(&b, "server", 2 + n, FACT_TOKEN_REFUSED);	/* ..114 */
	tells(&b, MEETING_D, 2, FACT_MEETING_EXPIRED);		/* 115: a moment ago */
	for (unsigned int n = 0; n < 60; n++)
		tells(&b, "server", 102 + n, FACT_TOKEN_REFUSED);	/* ..175 */
	l = book_close(&b);
	live_is(&b.kit, l, "2 4 5 6 8 9 10 13 14 115 175 ");
	ledger_close(l);
	kit_fini(&b.kit);
}
END_TEST

START_TEST(test_a_start_forgets_what_is_over)
{
	/* the same: an hour, and 64 facts whatever the hour */
	struct ledger *l;
	struct book b;

	book_open(&b);
	tells(&b, MEETING_A, 1, FACT_MEETING_CREATED);		/* 1 */
	tells(&b, MEETING_A, 2, FACT_MEETING_EXPIRED);		/* 2: 65 from the end */
	tells(&b, MEETING_B, 1, FACT_MEETING_CREATED);		/* 3 */
	tells(&b, MEETING_B, 2, FACT_MEETING_EXPIRED);		/* 4 */
	tells(&b, MEETING_C, 1, FACT_MEETING_CREATED);		/* 5 */
	tells(&b, MEETING_C, 2, FACT_MEETING_EXPIRED);		/* 6: 59 minutes ago */
	for (unsigned int n = 0; n < 60; n++)
		tells(&b, "server", 1 + n, FACT_TOKEN_REFUSED);	/* ..66 */
	l = book_close(&b);
	live_is(&b.kit, l, "3 4 5 6 66 ");
	ledger_close(l);
	kit_fini(&b.kit);
}
END_TEST

START_TEST(test_a_start_finds_a_changed_fact)
{
	/* ledger.h: each is checked against the hash of the fact before it */
	static const char *const bent[] = {
		"UPDATE fact SET data = '{\"a\":1}' WHERE seq = 5",
		"UPDATE fact SET hash = randomblob(32) WHERE seq = 4",
		"DELETE FROM fact WHERE seq = 5",
	};
	struct buf none = BUF_INIT;
	struct ledger *l;
	struct book b;
	sqlite3 *db;

	for (size_t i = 0; i < ARRAY_LEN(bent); i++) {
		book_open(&b);
		tells(&b, "server", 1, FACT_SERVER_STARTED);
		tells(&b, MEETING_A, 1, FACT_MEETING_CREATED);
		tells(&b, MEETING_A, 2, FACT_MEETING_EXPIRED);
		tells(&b, "server", 2, FACT_SERVER_STOPPED);
		tells(&b, MEETING_B, 1, FACT_MEETING_CREATED);
		for (unsigned int n = 0; n < 1600; n++)	/* beyond what an open checks */
			tells(&b, "server", 3 + n, FACT_TOKEN_REFUSED);
		l = book_close(&b);
		live_is(&b.kit, l, "5 1605 ");
		db = kit_raw(&b.kit, "ledger.db");
		sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
		kit_sql(db, bent[i]);
		sqlite3_close(db);
		ck_assert_int_eq(ledger_replay_live(l, list, &none, &b.kit.why),
				 ERR_CORRUPT);
		ck_assert_ptr_nonnull(strstr(b.kit.why.text, "fact 5"));
		ledger_close(l);
		kit_fini(&b.kit);
	}
	buf_fini(&none);
}
END_TEST

UNIT_MAIN("replay",
	  test_a_start_knows_what_a_full_replay_knows,
	  test_a_start_reads_no_more_than_it_must,
	  test_a_start_forgets_what_is_over,
	  test_a_start_finds_a_changed_fact)
