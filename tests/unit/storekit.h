/**
 * What the tests of the store share: a state directory that goes away again, facts to
 * fill it with, and a way past the server straight into the file.
 */
#ifndef PARAVENT_TESTS_STOREKIT_H
#define PARAVENT_TESTS_STOREKIT_H

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "store/ledger.h"

#include "unit.h"

struct kit {
	char dir[64];
	struct why why;
};

static inline void kit_init(struct kit *k)
{
	strcpy(k->dir, "/tmp/test-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(k->dir));
	k->why.text[0] = '\0';
}

static inline void kit_path(char out[128], const struct kit *k, const char *name)
{
	snprintf(out, 128, "%s/%s", k->dir, name);
}

static inline void kit_empty(const struct kit *k)
{
	DIR *d = opendir(k->dir);
	char path[400];

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		snprintf(path, sizeof(path), "%s/%s", k->dir, e->d_name);
		unlink(path);
	}
	closedir(d);
}

static inline void kit_fini(struct kit *k)
{
	kit_empty(k);
	rmdir(k->dir);
}

/* Opens, insisting. */
static inline struct ledger *kit_open(struct kit *k)
{
	struct ledger *l = NULL;
	int err = ledger_open(&l, k->dir, &k->why);

	ck_assert_msg(err == 0, "ledger_open: %s", k->why.text);
	return l;
}

static inline struct ledger *kit_start(struct kit *k)
{
	struct ledger *l = kit_open(k);

	ck_assert_int_eq(ledger_start(l), 0);
	return l;
}

static inline void kit_fact(struct fact *f, const char *stream, unsigned int version,
			    enum fact_kind kind, const char *data, const char *personal)
{
	memset(f, 0, sizeof(*f));
	snprintf(f->stream, sizeof(f->stream), "%s", stream);
	f->version = version;
	f->kind = kind;
	strcpy(f->actor, "staff:somebody");
	f->data_len = (size_t)snprintf(f->data, sizeof(f->data), "%s", data);
	f->personal_len = (size_t)snprintf(f->personal, sizeof(f->personal), "%s",
					   personal);
}

/*
 * The n-th fact (from 1) of a small world: eight streams whose versions run in turn;
 * the first fact of each has something personal.
 */
#define KIT_STREAMS 8
static inline void kit_nth(struct fact *f, uint64_t n)
{
	unsigned int k = (unsigned int)((n - 1) % KIT_STREAMS);
	unsigned int version = (unsigned int)((n - 1) / KIT_STREAMS) + 1;
	char stream[FACT_STREAM_SIZE], data[64], personal[64] = "";

	snprintf(stream, sizeof(stream), "meeting/%022u", k);
	snprintf(data, sizeof(data), "{\"n\":%llu}", (unsigned long long)n);
	if (version == 1)
		snprintf(personal, sizeof(personal), "{\"title\":\"Whisper %u\"}", k);
	kit_fact(f, stream, version, version == 1 ? FACT_MEETING_CREATED :
		 FACT_PARTICIPANT_JOINED, data, personal);
}

/* Waits for the next news of the ledger. */
static inline void kit_listen(struct ledger *l)
{
	struct pollfd p = {.fd = ledger_fd(l), .events = POLLIN};

	ck_assert_msg(poll(&p, 1, 20000) == 1, "nothing was heard for 20 s");
	ledger_clear(l);
}

/* Waits until a fact is durable, or it can no more become so. */
static inline void kit_wait(struct ledger *l, uint64_t seq)
{
	while (ledger_durable(l) < seq && !ledger_broken(l))
		kit_listen(l);
}

/* Fills a ledger with the facts 1..n of the small world, and closes it. */
static inline void kit_fill(struct kit *k, uint64_t n)
{
	struct ledger *l = kit_start(k);
	struct fact f;

	for (uint64_t i = ledger_last(l) + 1; i <= n; i++) {
		kit_nth(&f, i);
		ck_assert_uint_eq(ledger_append(l, &f), i);
	}
	ledger_stop(l);
	ck_assert_uint_eq(ledger_durable(l), n);
	ledger_close(l);
}

/* The file itself, as anybody with sqlite3 at hand can open it. */
static inline sqlite3 *kit_raw(const struct kit *k, const char *name)
{
	char path[128];
	sqlite3 *db;

	kit_path(path, k, name);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	return db;
}

static inline void kit_sql(sqlite3 *db, const char *sql)
{
	char *text = NULL;
	int rc = sqlite3_exec(db, sql, NULL, NULL, &text);

	ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, text ? text : "");
}

static inline int64_t kit_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	int64_t n;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

#endif
