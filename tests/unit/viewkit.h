/**
 * The views as text, and whether a rebuild makes the same; and facts to fill them with.
 */
#ifndef PARAVENT_TESTS_VIEWKIT_H
#define PARAVENT_TESTS_VIEWKIT_H

#include "base/buf.h"
#include "store/ledger.h"
#include "store/views.h"

#include "storekit.h"

/* All tables but those that a rebuild leaves alone (sql/0002-views.sql). */
static inline void view_dump(struct buf *out, sqlite3 *db)
{
	sqlite3_stmt *tables, *rows;
	char sql[128];

	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema "
		"WHERE type = 'table' AND name NOT IN ('meta', 'fact', 'stream', 'story', "
		"'erasing', 'webhook', 'cut', 'kept') ORDER BY name", -1, &tables, NULL),
		SQLITE_OK);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		/* in the order of the primary key */
		snprintf(sql, sizeof(sql), "SELECT * FROM %s",
			 (const char *)sqlite3_column_text(tables, 0));
		buf_printf(out, "%s\n", sql + 14);
		ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK,
			      "%s", sqlite3_errmsg(db));
		while (sqlite3_step(rows) == SQLITE_ROW) {
			for (int i = 0; i < sqlite3_column_count(rows); i++) {
				const void *text = sqlite3_column_text(rows, i);

				buf_printf(out, "|%s", text ? (const char *)text : "-");
			}
			buf_putc(out, '\n');
		}
		sqlite3_finalize(rows);
	}
	sqlite3_finalize(tables);
}

/* What the writer kept is what a rebuild makes. The ledger must be closed. */
static inline void view_rebuilds_the_same(struct kit *k)
{
	struct buf live = BUF_INIT, anew = BUF_INIT;
	sqlite3 *db = kit_raw(k, "ledger.db");
	struct ledger *l;

	view_dump(&live, db);
	l = kit_open(k);
	ck_assert_msg(ledger_rebuild(l, NULL, NULL, &k->why) == 0, "%s", k->why.text);
	ledger_close(l);
	view_dump(&anew, db);
	ck_assert_str_eq(anew.p, live.p);
	sqlite3_close(db);
	buf_fini(&live);
	buf_fini(&anew);
}

/* Streams and the versions they have come to. */
struct view_world {
	struct ledger *ledger;
	size_t count;
	struct {
		char name[FACT_STREAM_SIZE];
		unsigned int version;
	} stream[64];
};

/* Appends the next fact of a stream; returns its seq. */
static inline uint64_t view_tell(struct view_world *w, const char *stream,
				 enum fact_kind kind, const char *data,
				 const char *personal)
{
	struct fact f;
	size_t i;

	for (i = 0; i < w->count && strcmp(w->stream[i].name, stream) != 0; i++)
		;
	ck_assert_uint_lt(i, ARRAY_LEN(w->stream));
	if (i == w->count) {
		snprintf(w->stream[i].name, sizeof(w->stream[i].name), "%s", stream);
		w->stream[i].version = 0;
		w->count++;
	}
	kit_fact(&f, stream, ++w->stream[i].version, kind, data, personal);
	ck_assert_uint_gt(ledger_append(w->ledger, &f), 0);
	return f.seq;
}

static inline void view_wait(struct view_world *w)
{
	kit_wait(w->ledger, ledger_last(w->ledger));
	ck_assert(!ledger_broken(w->ledger));
}

/* The data of meeting.created. */
#define VIEW_PLAN(starts_at)                                                  \
	"{\"capacity\":2,\"durationMinutes\":60,\"kind\":\"therapy\",\"locale\":\"de\"," \
	"\"relayOnly\":false,\"startsAt\":\"" starts_at "\",\"waitingRoom\":true}"

#endif
