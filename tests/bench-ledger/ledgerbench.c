/*
 * Facts a second and how late they are durable, beside bare SQLite that does the same
 * inserts in groups as large as ours came out: ledgerbench DIR SECONDS [IN-FLIGHT...]
 *
 * Both write the stories of visits, twelve facts each, one third of whose meetings have
 * something personal. Closed loop: so many facts are under way, and when some are
 * durable as many are appended. The two take turns, several times each, so that a noisy
 * machine is noisy to both; what is printed is the median of the turns.
 *
 * "bare" is a table with the ledger's columns and its UNIQUE index, prepared statement,
 * WAL, synchronous=FULL: no views, no triggers, no hash, no sealing.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sqlite3.h>

#include "base/b64.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "proto/factdata.h"
#include "proto/plan.h"
#include "store/ledger.h"

#define TURNS 5
#define STORY 12
#define SAMPLES_MAX (1 << 22)

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "ledgerbench: %s\n", what);
	exit(1);
}

/* --- The stories ----------------------------------------------------------------- */

struct story {
	char stream[FACT_STREAM_SIZE];
	char host[SIGMSG_ID_SIZE], guest[SIGMSG_ID_SIZE];
	uint32_t version;
	bool personal;
};

static void random_id(char *out, size_t bytes)
{
	uint8_t random[16];

	rnd_bytes(random, bytes);
	b64_encode(out, random, bytes);
}

static void story_begin(struct story *s)
{
	static unsigned int count;

	strcpy(s->stream, "meeting/");
	random_id(s->stream + 8, 16);
	random_id(s->host, 12);
	random_id(s->guest, 12);
	s->version = 0;
	s->personal = count++ % 3 == 0;
}

/* The next fact of the story. */
static void story_next(struct story *s, struct fact *f)
{
	static const enum fact_kind kinds[STORY] = {
		FACT_MEETING_CREATED, FACT_MEETING_OPENED, FACT_PARTICIPANT_JOINED,
		FACT_GUEST_WAITING, FACT_GUEST_ADMITTED, FACT_PARTICIPANT_JOINED,
		FACT_CALL_CONNECTED, FACT_CALL_CONNECTED, FACT_PARTICIPANT_AWAY,
		FACT_PARTICIPANT_BACK, FACT_MEETING_ENDED, FACT_PARTICIPANT_LEFT,
	};
	const uint32_t at = s->version % STORY;
	struct factdata d = {.reason = at == 10 ? REASON_HOST : REASON_ENDED};
	struct meeting_plan plan;

	if (!at)
		story_begin(s);
	f->version = ++s->version;
	f->kind = kinds[at];
	f->personal_len = 0;
	strcpy(f->stream, s->stream);
	strcpy(f->actor, at ? "participant:0123456789abcdef" : "open");
	if (!at) {
		plan_init(&plan);
		plan.starts_at = 1800000000000;
		if (s->personal) {
			strcpy(plan.title, "A talk about nothing");
			strcpy(plan.host_name, "Dr. Somebody");
		}
		factdata_put_plan(f, &plan);
		return;
	}
	d.host = at == 2;
	d.path = at == 6 || at == 7 ? SIGMSG_DIRECT : SIGMSG_NO_PATH;
	memcpy(d.id, at == 2 || at == 6 ? s->host : s->guest, sizeof(d.id));
	memcpy(d.by, s->host, sizeof(d.by));
	memcpy(d.peer, at == 6 ? s->guest : s->host, sizeof(d.peer));
	factdata_put(f, &d);
}

/* --- What a turn found ------------------------------------------------------------- */

struct turn {
	double rate;			/* facts a second */
	double p50, p99;		/* ms until durable */
	double group;			/* facts a commit */
	double cpu;			/* us of the process a fact */
	double blocked;			/* ms of CPU: the longest that one turn of the
					 * caller's loop stayed in the ledger */
};

static uint32_t *sample;		/* us */
static size_t samples;

static int by_size(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void late(uint64_t ns)
{
	if (samples < SAMPLES_MAX)
		sample[samples++] = (uint32_t)(ns / 1000);
}

static void finish(struct turn *t, uint64_t facts, uint64_t commits, uint64_t ns,
		   uint64_t cpu)
{
	qsort(sample, samples, sizeof(*sample), by_size);
	t->rate = (double)facts * 1e9 / (double)ns;
	t->p50 = sample[samples / 2] / 1e3;
	t->p99 = sample[samples - 1 - samples / 100] / 1e3;
	t->group = (double)facts / (double)commits;
	t->cpu = (double)cpu / 1e3 / (double)facts;
}

/* --- Ours -------------------------------------------------------------------------- */

static void ours(struct turn *t, const char *dir, double seconds, unsigned int flight)
{
	struct story *story = mem_new(flight * sizeof(*story));
	struct fact *fact = mem_new(flight * sizeof(*fact));
	uint64_t *since = mem_new(flight * sizeof(*since));
	struct why why = {.text = ""};
	struct ledger_stats before, after;
	struct ledger *l;
	struct pollfd fd;
	uint64_t begin, end, cpu, first, done;

	if (ledger_open(&l, dir, &why) || ledger_start(l))
		fail(why.text);
	first = done = ledger_last(l);
	fd = (struct pollfd){.fd = ledger_fd(l), .events = POLLIN};
	ledger_stats(l, &before);
	samples = 0;
	t->blocked = 0;
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	begin = now_ns(CLOCK_MONOTONIC);
	do {
		const uint64_t last = ledger_last(l), count = flight - (last - done);
		uint64_t i, thread;
		double busy;

		for (i = 0; i < count; i++)
			story_next(&story[(last + i) % flight], &fact[i]);
		thread = now_ns(CLOCK_THREAD_CPUTIME_ID);
		/* as one turn of the server's loop does it */
		ledger_gather(l);
		for (i = 0; i < count; i++) {
			since[(last + i) % flight] = now_ns(CLOCK_MONOTONIC);
			if (!ledger_append(l, &fact[i]))
				fail("the ledger takes nothing");
		}
		ledger_write(l);
		busy = (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - thread) / 1e6;
		if (busy > t->blocked)
			t->blocked = busy;
		if (poll(&fd, 1, 60000) <= 0)
			fail("the disk has stopped");
		ledger_clear(l);
		end = now_ns(CLOCK_MONOTONIC);
		for (; done < ledger_durable(l); done++)
			late(end - since[done % flight]);
	} while ((double)(end - begin) < seconds * 1e9);
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	ledger_stats(l, &after);
	finish(t, done - first, after.commits - before.commits, end - begin, cpu);
	ledger_close(l);
	free(story);
	free(fact);
	free(since);
}

/* --- Bare SQLite ------------------------------------------------------------------- */

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail(sqlite3_errmsg(db));
}

static void bare(struct turn *t, const char *dir, double seconds, unsigned int group)
{
	struct story *story = mem_new(group * sizeof(*story));
	uint8_t hash[FACT_HASH_SIZE], sealed[FACT_PERSONAL_MAX];
	uint64_t begin, end, cpu, since, facts = 0, commits = 0;
	sqlite3_stmt *insert, *last;
	char path[4200];
	sqlite3 *db;
	struct fact f;
	unsigned int i;
	int64_t seq;

	snprintf(path, sizeof(path), "%s/bare.db", dir);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		fail(sqlite3_errmsg(db));
	run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"CREATE TABLE IF NOT EXISTS fact (seq INTEGER PRIMARY KEY, "
		"at INTEGER NOT NULL, stream TEXT NOT NULL, version INTEGER NOT NULL, "
		"kind TEXT NOT NULL, actor TEXT NOT NULL, data TEXT NOT NULL, "
		"sealed BLOB, hash BLOB NOT NULL, UNIQUE (stream, version)) STRICT");
	sqlite3_prepare_v2(db, "INSERT INTO fact VALUES (?,?,?,?,?,?,?,?,?)", -1, &insert,
			   NULL);
	sqlite3_prepare_v2(db, "SELECT coalesce(max(seq), 0) FROM fact", -1, &last, NULL);
	sqlite3_step(last);
	seq = sqlite3_column_int64(last, 0);
	sqlite3_finalize(last);
	memset(&f, 0, sizeof(f));
	rnd_bytes(hash, sizeof(hash));
	rnd_bytes(sealed, sizeof(sealed));
	samples = 0;
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	begin = now_ns(CLOCK_MONOTONIC);
	do {
		since = now_ns(CLOCK_MONOTONIC);
		run(db, "BEGIN IMMEDIATE");
		for (i = 0; i < group; i++) {
			const char *kind;

			story_next(&story[i], &f);
			kind = fact_kind_name(f.kind);
			sqlite3_bind_int64(insert, 1, ++seq);
			sqlite3_bind_int64(insert, 2, 1800000000000 + seq);
			sqlite3_bind_text(insert, 3, f.stream, -1, SQLITE_STATIC);
			sqlite3_bind_int64(insert, 4, f.version);
			sqlite3_bind_text(insert, 5, kind, -1, SQLITE_STATIC);
			sqlite3_bind_text(insert, 6, f.actor, -1, SQLITE_STATIC);
			sqlite3_bind_text(insert, 7, f.data, (int)f.data_len, SQLITE_STATIC);
			if (f.personal_len)
				sqlite3_bind_blob(insert, 8, sealed,
						  (int)f.personal_len + 28, SQLITE_STATIC);
			else
				sqlite3_bind_null(insert, 8);
			sqlite3_bind_blob(insert, 9, hash, sizeof(hash), SQLITE_STATIC);
			if (sqlite3_step(insert) != SQLITE_DONE)
				fail(sqlite3_errmsg(db));
			sqlite3_reset(insert);
		}
		run(db, "COMMIT");
		end = now_ns(CLOCK_MONOTONIC);
		for (i = 0; i < group; i++)
			late(end - since);
		facts += group;
		commits++;
	} while ((double)(end - begin) < seconds * 1e9);
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	finish(t, facts, commits, end - begin, cpu);
	sqlite3_finalize(insert);
	sqlite3_close(db);
	free(story);
}

/* --- Side by side ------------------------------------------------------------------ */

static int by_rate(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return (x->rate > y->rate) - (x->rate < y->rate);
}

static int by_p99(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return (x->p99 > y->p99) - (x->p99 < y->p99);
}

static struct turn median(struct turn *turns)
{
	struct turn m;

	qsort(turns, TURNS, sizeof(*turns), by_p99);
	const double p99 = turns[TURNS / 2].p99;

	qsort(turns, TURNS, sizeof(*turns), by_rate);
	m = turns[TURNS / 2];
	m.p99 = p99;
	return m;
}

static void compare(const char *dir, double seconds, unsigned int flight)
{
	struct turn a[TURNS], b[TURNS], x, y;
	double blocked = 0;
	char path[4096];
	int i;

	for (i = 0; i < TURNS; i++) {
		snprintf(path, sizeof(path), "%s/ours-%u", dir, flight);
		ours(&a[i], path, seconds, flight);
		if (a[i].blocked > blocked)
			blocked = a[i].blocked;
		snprintf(path, sizeof(path), "%s/bare-%u", dir, flight);
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			fail(path);
		bare(&b[i], path, seconds, (unsigned int)(a[i].group + 0.5));
	}
	x = median(a);
	y = median(b);
	printf("%9u %7.1f | %8.0f %7.2f %7.2f %6.1f | %8.0f %7.2f %7.2f %6.1f | "
	       "%5.2f %6.2f %8.2f\n", flight, x.group, x.rate, x.p50, x.p99, x.cpu,
	       y.rate, y.p50, y.p99, y.cpu, x.rate / y.rate, x.p99 / y.p99, blocked);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const unsigned int usual[] = {1, 10, 100, 1000};
	double seconds;
	int i;

	if (argc < 3) {
		fprintf(stderr, "usage: ledgerbench DIR SECONDS [IN-FLIGHT...]\n");
		return 2;
	}
	seconds = atof(argv[2]);
	sample = mem_new(SAMPLES_MAX * sizeof(*sample));
	printf("%9s %7s | %8s %7s %7s %6s | %8s %7s %7s %6s | %5s %6s %8s\n", "in flight",
	       "group", "facts/s", "p50 ms", "p99 ms", "cpu us", "bare/s", "p50 ms",
	       "p99 ms", "cpu us", "rate", "p99", "loop ms");
	if (argc > 3) {
		for (i = 3; i < argc; i++)
			compare(argv[1], seconds, (unsigned int)atoi(argv[i]));
		return 0;
	}
	for (i = 0; i < 4; i++)
		compare(argv[1], seconds, usual[i]);
	return 0;
}
