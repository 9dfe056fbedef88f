#include "store/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/chain.h"
#include "store/db.h"
#include "store/keyring.h"
#include "store/schema.h"

/* Lines are gathered in memory while a transaction is open, and written between two. */
#define RANGE_BYTES 262144
#define RANGE_MS 250

struct export {
	sqlite3 *db;
	sqlite3_stmt *rows;
	struct keyring *keys;		/* NULL: there are none */
	struct chain_head head;
	struct buf lines;
	char personal[FACT_PERSONAL_MAX + SEAL_OVERHEAD];
};

static void put_string(struct buf *b, const char *s, size_t len)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_printf(b, "\\%c", s[i]);
		else if ((unsigned char)s[i] < 0x20)
			buf_printf(b, "\\u%04x", (unsigned int)s[i]);
		else
			buf_putc(b, s[i]);
	}
	buf_putc(b, '"');
}

static void put_member(struct buf *b, const char *name, const char *s, size_t len)
{
	buf_printf(b, ",\"%s\":", name);
	put_string(b, s, len);
}

static int put_personal(struct export *x, const struct fact_row *row, struct why *why)
{
	ssize_t n = ERR_NOT_FOUND;

	if (row->sealed_len <= sizeof(x->personal))
		n = keyring_unseal(x->keys, row, x->personal, why);
	if (n == ERR_NOT_FOUND) {
		buf_puts(&x->lines, ",\"sealed\":true");
		return 0;
	}
	if (n < 0)
		return (int)n;
	buf_puts(&x->lines, ",\"personal\":");
	buf_put(&x->lines, x->personal, (size_t)n);
	return 0;
}

static int put_line(struct export *x, const struct fact_row *row, struct why *why)
{
	struct buf *b = &x->lines;
	char at[CLOCK_RFC3339_SIZE];
	int err = 0;

	clock_rfc3339(at, row->at);
	buf_printf(b, "{\"seq\":%llu,\"at\":\"%s\"", (unsigned long long)row->seq, at);
	put_member(b, "stream", row->stream, row->stream_len);
	buf_printf(b, ",\"version\":%llu", (unsigned long long)row->version);
	put_member(b, "kind", row->kind, row->kind_len);
	put_member(b, "actor", row->actor, row->actor_len);
	buf_puts(b, ",\"data\":");
	buf_put(b, row->data, row->data_len);
	if (row->sealed)
		err = put_personal(x, row, why);
	buf_puts(b, ",\"hash\":\"");
	for (size_t i = 0; i < sizeof(x->head.hash); i++)
		buf_printf(b, "%02x", x->head.hash[i]);
	buf_puts(b, "\"}\n");
	return err;
}

/* Gathers the next lines. Returns 1 if there may be more, 0 at the end. */
static int gather(struct export *x, uint64_t to, struct why *why)
{
	const uint64_t until = clock_mono_ms() + RANGE_MS;
	struct fact_row row;
	size_t whole = 0;
	int more, err = 0;

	sqlite3_bind_int64(x->rows, 1, (sqlite3_int64)x->head.seq + 1);
	sqlite3_bind_int64(x->rows, 2, (sqlite3_int64)to);
	do {
		more = chain_next(&x->head, x->rows, &row, why);
		if (more > 0)
			err = put_line(x, &row, why);
		if (more > 0 && !err)
			whole = x->lines.len;
	} while (more > 0 && !err && whole < RANGE_BYTES && clock_mono_ms() < until);
	x->lines.len = whole;	/* never half a line */
	sqlite3_reset(x->rows);
	return err ? err : more;
}

static int write_lines(struct export *x, uint64_t from, uint64_t to, FILE *out,
		       struct why *why)
{
	int err, more;

	err = chain_at(&x->head, x->db, from - 1, why);
	if (err)
		return err;
	do {
		more = gather(x, to, why);
		errno = 0;
		if (fwrite(x->lines.p, 1, x->lines.len, out) != x->lines.len)
			return why_set(why, ERR_IO, "writing: %s", strerror(errno));
		buf_reset(&x->lines);
	} while (more > 0);
	if (fflush(out) != 0)
		return why_set(why, ERR_IO, "writing: %s", strerror(errno));
	return more;
}

/* Whether there is anything to write: a range beyond the end is empty, not an error. */
static int clip(uint64_t *from, uint64_t *to, sqlite3 *db, struct why *why)
{
	uint64_t last;
	int err = chain_last(&last, db, why);

	if (err)
		return err;
	if (*from < 1)
		*from = 1;
	if (*to > last)
		*to = last;
	return *from <= *to;
}

int ledger_export(const char *state_dir, uint64_t from, uint64_t to, FILE *out,
		  struct why *why)
{
	struct export *x = mem_new(sizeof(*x));
	int err;

	buf_init(&x->lines);
	err = schema_open(&x->db, state_dir, &schema_ledger, DB_READ, why);
	if (!err) {
		err = keyring_open(&x->keys, state_dir, x->db, DB_READ, why);
		if (err == ERR_NOT_FOUND)
			err = 0;	/* a backup may come without keys */
	}
	if (!err)
		err = chain_prepare(&x->rows, x->db, why);
	if (!err)
		err = clip(&from, &to, x->db, why);
	if (err > 0)
		err = write_lines(x, from, to, out, why);
	sqlite3_finalize(x->rows);
	keyring_close(x->keys);
	db_close(x->db);
	buf_fini(&x->lines);
	mem_wipe(x, sizeof(*x));
	free(x);
	return err;
}
