#include "store/accountdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/schema.h"
#include "store/wal.h"

#define DATABASE "staff.db"

/* X(symbol, sql): what is asked and told; each takes the name, or the hash, as ?1 */
#define STATEMENTS(X)                                                         \
	X(GET_PASSWORD, "SELECT hash FROM password WHERE name = ?1")          \
	X(SET_PASSWORD, "REPLACE INTO password (name, hash) VALUES (?1, ?2)") \
	X(DROP_PASSWORD, "DELETE FROM password WHERE name = ?1")              \
	X(SET_LINK, "REPLACE INTO link (name, hash, expires_at) "             \
		    "VALUES (?1, ?2, ?3)")                                    \
	X(GET_LINK, "SELECT hash, expires_at FROM link WHERE name = ?1")      \
	X(DROP_LINK, "DELETE FROM link WHERE name = ?1")                      \
	X(PUT_SESSION, "INSERT INTO session (hash, name, made_at, used_at) "  \
		       "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE "       \
		       "SET used_at = excluded.used_at")                      \
	X(DROP_SESSION, "DELETE FROM session WHERE hash = ?1")                \
	X(DROP_SESSIONS, "DELETE FROM session WHERE name = ?1")

enum statement {
#define X(symbol, sql) symbol,
	STATEMENTS(X)
#undef X
	STATEMENT_COUNT
};

static const char *const sql_of[] = {
#define X(symbol, sql) sql,
	STATEMENTS(X)
#undef X
};

struct accountdb {
	sqlite3 *db;
	sqlite3_stmt *stmt[STATEMENT_COUNT];
	struct wal wal;
};

static int say_what_to_do(struct why *why)
{
	const struct why found = *why;

	return why_set(why, ERR_CORRUPT, "%.120s. Put back a copy of " DATABASE ", or move it "
		       "away and invite everybody again", found.text);
}

int accountdb_open(struct accountdb **out, const char *state_dir, struct why *why)
{
	struct accountdb *a = mem_new(sizeof(*a));
	int err;

	err = schema_open(&a->db, state_dir, &schema_staff, DB_WRITE, why);
	/* what was deleted is overwritten */
	if (!err)
		err = db_exec(a->db, "PRAGMA secure_delete = ON", why);
	if (!err)
		err = db_check(a->db, DATABASE, why);
	for (int i = 0; i < STATEMENT_COUNT && !err; i++)
		err = db_prepare(&a->stmt[i], a->db, sql_of[i], why);
	if (err) {
		accountdb_close(a);
		return err == ERR_CORRUPT ? say_what_to_do(why) : err;
	}
	wal_init(&a->wal, a->db);
	*out = a;
	return 0;
}

void accountdb_close(struct accountdb *a)
{
	struct why why;

	if (!a)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(a->stmt[i]);
	if (a->wal.db)
		wal_empty(&a->wal, &why);
	db_close(a->db);
	free(a);
}

/* --- One statement --------------------------------------------------------------- */

static sqlite3_stmt *with_text(struct accountdb *a, enum statement which, const char *text)
{
	sqlite3_bind_text(a->stmt[which], 1, text, -1, SQLITE_STATIC);
	return a->stmt[which];
}

static sqlite3_stmt *with_hash(struct accountdb *a, enum statement which,
			       const uint8_t hash[SIGNIN_HASH_SIZE])
{
	sqlite3_bind_blob(a->stmt[which], 1, hash, SIGNIN_HASH_SIZE, SQLITE_STATIC);
	return a->stmt[which];
}

static void done_with(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

/* Runs what changes something, in the transaction, which begins with the first. */
static int change(struct accountdb *a, sqlite3_stmt *s, struct why *why)
{
	int err = 0;

	if (sqlite3_get_autocommit(a->db))
		err = db_exec(a->db, "BEGIN IMMEDIATE", why);
	if (!err && sqlite3_step(s) != SQLITE_DONE)
		err = db_error(a->db, DATABASE, why);
	done_with(s);
	return err;
}

int accountdb_commit(struct accountdb *a, struct why *why)
{
	int err;

	if (sqlite3_get_autocommit(a->db))
		return 0;
	err = db_exec(a->db, "COMMIT", why);
	return err ? err : wal_tidy(&a->wal, false, why);
}

void accountdb_rollback(struct accountdb *a)
{
	if (!sqlite3_get_autocommit(a->db))
		sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
}

/* --- Passwords and links ----------------------------------------------------------- */

int accountdb_password(char hash[PASSWORD_HASH_SIZE], struct accountdb *a,
		       const char *name, struct why *why)
{
	sqlite3_stmt *s = with_text(a, GET_PASSWORD, name);
	int rc = sqlite3_step(s), err = 0;

	hash[0] = '\0';
	if (rc == SQLITE_ROW && sqlite3_column_bytes(s, 0) < PASSWORD_HASH_SIZE)
		snprintf(hash, PASSWORD_HASH_SIZE, "%s",
			 (const char *)sqlite3_column_text(s, 0));
	else if (rc == SQLITE_ROW)
		err = why_set(why, ERR_CORRUPT, "a password in " DATABASE " is damaged");
	else if (rc != SQLITE_DONE)
		err = db_error(a->db, DATABASE, why);
	done_with(s);
	return err;
}

int accountdb_set_password(struct accountdb *a, const char *name, const char *hash,
			   struct why *why)
{
	sqlite3_stmt *s = with_text(a, SET_PASSWORD, name);

	sqlite3_bind_text(s, 2, hash, -1, SQLITE_STATIC);
	return change(a, s, why);
}

int accountdb_set_link(struct accountdb *a, const char *name,
		       const uint8_t hash[SIGNIN_HASH_SIZE], int64_t expires_at,
		       struct why *why)
{
	sqlite3_stmt *s = with_text(a, SET_LINK, name);

	sqlite3_bind_blob(s, 2, hash, SIGNIN_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, expires_at);
	return change(a, s, why);
}

int accountdb_check_link(struct accountdb *a, const char *name,
			 const uint8_t hash[SIGNIN_HASH_SIZE], int64_t now,
			 struct why *why)
{
	sqlite3_stmt *s = with_text(a, GET_LINK, name);
	int rc = sqlite3_step(s), err = ERR_NOT_FOUND;

	if (rc == SQLITE_ROW && sqlite3_column_bytes(s, 0) == SIGNIN_HASH_SIZE &&
	    mem_equal_secret(sqlite3_column_blob(s, 0), hash, SIGNIN_HASH_SIZE) &&
	    now < sqlite3_column_int64(s, 1))
		err = 0;
	else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = db_error(a->db, DATABASE, why);
	done_with(s);
	return err;
}

int accountdb_drop_link(struct accountdb *a, const char *name, struct why *why)
{
	return change(a, with_text(a, DROP_LINK, name), why);
}

/* --- Sessions ---------------------------------------------------------------------- */

int accountdb_put_session(struct accountdb *a, const struct accountdb_session *session,
			  struct why *why)
{
	sqlite3_stmt *s = with_hash(a, PUT_SESSION, session->hash);

	sqlite3_bind_text(s, 2, session->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, session->made_at);
	sqlite3_bind_int64(s, 4, session->used_at);
	return change(a, s, why);
}

int accountdb_drop_session(struct accountdb *a, const uint8_t hash[SIGNIN_HASH_SIZE],
			   struct why *why)
{
	return change(a, with_hash(a, DROP_SESSION, hash), why);
}

int accountdb_drop_sessions(struct accountdb *a, const char *name, struct why *why)
{
	return change(a, with_text(a, DROP_SESSIONS, name), why);
}

static int read_session(struct accountdb_session *out, sqlite3_stmt *s)
{
	const int len = sqlite3_column_bytes(s, 1);
	const char *name = (const char *)sqlite3_column_text(s, 1);

	if (sqlite3_column_bytes(s, 0) != SIGNIN_HASH_SIZE || !name ||
	    !signin_name_ok(name, (size_t)len))
		return ERR_CORRUPT;
	memcpy(out->hash, sqlite3_column_blob(s, 0), SIGNIN_HASH_SIZE);
	memcpy(out->name, name, (size_t)len + 1);
	out->made_at = sqlite3_column_int64(s, 2);
	out->used_at = sqlite3_column_int64(s, 3);
	return 0;
}

int accountdb_sessions(struct accountdb_session **out, size_t *count,
		       struct accountdb *a, struct why *why)
{
	struct accountdb_session *list = NULL;
	sqlite3_int64 rows;
	sqlite3_stmt *s;
	size_t n = 0;
	int err, rc = SQLITE_DONE;

	err = db_number(&rows, a->db, "SELECT count(*) FROM session", why);
	if (!err)
		err = db_prepare(&s, a->db, "SELECT hash, name, made_at, used_at "
				 "FROM session ORDER BY made_at, hash", why);
	if (err)
		return err;
	list = mem_new(((size_t)rows + 1) * sizeof(*list));
	while (!err && n < (size_t)rows && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		err = read_session(&list[n], s);
		if (err)
			why_set(why, err, "a session in " DATABASE " is damaged");
		n += !err;
	}
	if (!err && rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = db_error(a->db, DATABASE, why);
	sqlite3_finalize(s);
	if (err) {
		free(list);
		return err;
	}
	*out = list;
	*count = n;
	return 0;
}

int accountdb_renew(struct accountdb *a, const char *name, const char *password,
		    struct why *why)
{
	char hash[PASSWORD_HASH_SIZE];
	int err;

	password_hash(hash, password);
	err = accountdb_set_password(a, name, hash, why);
	mem_wipe(hash, sizeof(hash));
	if (!err)
		err = accountdb_drop_link(a, name, why);
	return err ? err : accountdb_drop_sessions(a, name, why);
}

int accountdb_forget(struct accountdb *a, const char *name, struct why *why)
{
	int err = accountdb_drop_sessions(a, name, why);

	if (!err)
		err = accountdb_drop_link(a, name, why);
	return err ? err : change(a, with_text(a, DROP_PASSWORD, name), why);
}
