#include "store/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/mem.h"
#include "proto/factjson.h"
#include "store/chain.h"
#include "store/db.h"
#include "store/keyring.h"
#include "store/schema.h"

/* Lines are gathered in memory while a transaction is open, and written between two. */
#define RANGE_BYTES 262144
#define RANGE_MS 250

struct export {
	sqlite3 *db;
	struct keyring *keys;		/* NULL: there are none */
	enum export_format format;
	sqlite3_int64 version;		/* of the data, when it was last asked */
	struct buf lines;
	char personal[FACT_PERSONAL_MAX + SEAL_OVERHEAD];
};

int export_open(struct export **out, const char *state_dir, enum export_format format,
		struct why *why)
{
	struct export *x = mem_new(sizeof(*x));
	int err;

	buf_init(&x->lines);
	x->format = format;
	err = schema_open(&x->db, state_dir, &schema_ledger, DB_READ, why);
	if (!err) {
		err = keyring_open(&x->keys, state_dir, x->db, DB_READ, why);
		if (err == ERR_NOT_FOUND)
			err = 0;	/* a backup may come without keys */
	}
	if (err) {
		export_close(x);
		return err;
	}
	*out = x;
	return 0;
}

void export_close(struct export *x)
{
	if (!x)
		return;
	keyring_close(x->keys);
	db_close(x->db);
	buf_fini(&x->lines);
	mem_wipe(x, sizeof(*x));
	free(x);
}

/* A field of RFC 4180; what we quote, we quote always. */
static void put_text(struct buf *b, const char *s, size_t len)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, s[i]);
	}
	buf_putc(b, '"');
}

/*
 * Spreadsheets take a field that begins with = + - or @ for a formula. None of ours
 * does: the names have a word first, and the rest are JSON objects.
 */
static void put_csv(struct buf *b, const struct fact_row *row, const uint8_t *hash,
		    const char *personal, size_t personal_len, bool erased)
{
	char at[CLOCK_RFC3339_SIZE], hex[2 * FACT_HASH_SIZE + 1];

	clock_rfc3339(at, row->at);
	hex_encode(hex, hash, FACT_HASH_SIZE);
	buf_printf(b, "%llu,%s,", (unsigned long long)row->seq, at);
	put_text(b, row->stream, row->stream_len);
	buf_printf(b, ",%llu,", (unsigned long long)row->version);
	put_text(b, row->kind, row->kind_len);
	buf_putc(b, ',');
	put_text(b, row->actor, row->actor_len);
	buf_putc(b, ',');
	put_text(b, row->data, row->data_len);
	buf_putc(b, ',');
	if (personal)
		put_text(b, personal, personal_len);
	buf_printf(b, ",%s,%s\r\n", erased ? "true" : "", hex);
}

static int put_line(struct export *x, const struct chain_walk *walk,
		    const struct fact_row *row, struct why *why)
{
	const uint8_t *hash = chain_walk_head(walk)->hash;
	const char *personal = NULL;
	ssize_t n = ERR_NOT_FOUND;
	bool erased;

	if (row->sealed && row->sealed_len <= sizeof(x->personal))
		n = keyring_unseal(x->keys, row, x->personal, why);
	if (n < 0 && n != ERR_NOT_FOUND)
		return (int)n;
	if (n >= 0)
		personal = x->personal;
	erased = row->sealed && !personal;
	if (x->format == EXPORT_CSV) {
		put_csv(&x->lines, row, hash, personal, personal ? (size_t)n : 0, erased);
		return 0;
	}
	factjson_put(&x->lines, row, hash, personal, personal ? (size_t)n : 0, erased);
	buf_putc(&x->lines, '\n');
	return 0;
}

/* Gathers the next lines. Returns 1 if there may be more, 0 at the end. */
static int gather(struct export *x, struct chain_walk *walk, uint64_t *done,
		  struct why *why)
{
	const uint64_t until = clock_mono_ms() + RANGE_MS;
	struct fact_row row;
	size_t whole = 0;
	int more, err = 0;

	do {
		more = chain_walk_next(walk, &row, why);
		if (more > 0)
			err = put_line(x, walk, &row, why);
		if (more > 0 && !err) {
			whole = x->lines.len;
			*done = row.seq;
		}
	} while (more > 0 && !err && whole < RANGE_BYTES && clock_mono_ms() < until);
	x->lines.len = whole;	/* never half a line */
	chain_walk_rest(walk);
	return err ? err : more;
}

static int flush(struct export *x, FILE *out, struct why *why)
{
	bool failed;

	errno = 0;
	failed = fwrite(x->lines.p, 1, x->lines.len, out) != x->lines.len ||
		 fflush(out) != 0;
	buf_reset(&x->lines);
	if (!failed)
		return 0;
	return why_set(why, errno == EPIPE ? ERR_CLOSED : ERR_IO, "writing: %s",
		       strerror(errno));
}

/* Writes what one walk finds; *done moves on. */
static int write_walk(struct export *x, uint64_t *done, uint64_t to, FILE *out,
		      struct why *why)
{
	struct chain_walk *walk;
	int err, more;

	err = chain_walk_new(&walk, x->db, *done + 1, to, why);
	if (err)
		return err;
	do {
		more = gather(x, walk, done, why);
		err = flush(x, out, why);
	} while (more > 0 && !err);
	chain_walk_free(walk);
	return err ? err : more;
}

int export_write(struct export *x, uint64_t from, uint64_t to, FILE *out,
		 struct why *why)
{
	uint64_t done = from ? from - 1 : 0, last;
	int err;

	err = export_last(x, &last, why);
	if (to > last)
		to = last;
	if (err || done >= to)
		return err;
	do
		err = write_walk(x, &done, to, out, why);
	while (err == ERR_CONFLICT);	/* the ledger was cut meanwhile: what is left */
	return err;
}

int export_head(struct export *x, FILE *out, struct why *why)
{
	if (x->format == EXPORT_CSV)
		buf_puts(&x->lines, "seq,at,stream,version,kind,actor,data,personal,"
			 "sealed,hash\r\n");
	return flush(x, out, why);
}

int export_last(struct export *x, uint64_t *seq, struct why *why)
{
	return chain_last(seq, x->db, why);
}

int export_from_end(struct export *x, uint64_t count, uint64_t *seq, struct why *why)
{
	sqlite3_stmt *s;
	int err, rc;

	err = db_prepare(&s, x->db, "SELECT seq FROM fact ORDER BY seq DESC "
			 "LIMIT 1 OFFSET ?1", why);
	if (err)
		return err;
	sqlite3_bind_int64(s, 1, count < INT64_MAX ? (sqlite3_int64)count : INT64_MAX);
	rc = sqlite3_step(s);
	*seq = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = db_error(x->db, "reading a fact", why);
	sqlite3_finalize(s);
	return err;
}

int export_find(struct export *x, int64_t at, uint64_t *seq, struct why *why)
{
	return chain_find(seq, x->db, at, why);
}

int export_moved(struct export *x, bool *moved, struct why *why)
{
	sqlite3_int64 version = 0;
	int err = db_number(&version, x->db, "PRAGMA data_version", why);

	*moved = version != x->version;
	x->version = version;
	return err;
}
