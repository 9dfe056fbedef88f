#include "store/wal.h"

#include <stddef.h>

#include "base/err.h"
#include "store/db.h"

#define WAL_DUE 1000
#define PURGE_MS 50	/* facts wait meanwhile */

static int count(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct wal *w = arg;

	(void)db;
	(void)name;
	if (pages < w->pages)	/* all was moved: SQLite began at the front again */
		w->moved = w->tried = 0;
	w->pages = pages;
	return SQLITE_OK;
}

void wal_init(struct wal *w, sqlite3 *db)
{
	w->db = db;
	w->pages = w->moved = w->tried = 0;
	sqlite3_wal_hook(db, count, w);
}

static int checkpoint(struct wal *w, int mode, struct why *why)
{
	int pages = 0, moved = 0;

	w->tried = w->pages;
	if (sqlite3_wal_checkpoint_v2(w->db, NULL, mode, &pages, &moved) != SQLITE_OK)
		return db_error(w->db, "checkpoint", why);
	w->pages = w->tried = pages;
	w->moved = moved;
	return 0;
}

int wal_tidy(struct wal *w, bool idle, struct why *why)
{
	int err;

	if (idle ? w->pages == w->moved : w->pages - w->tried < WAL_DUE)
		return 0;
	err = checkpoint(w, SQLITE_CHECKPOINT_PASSIVE, why);
	return err == ERR_AGAIN ? 0 : err;
}

int wal_empty(struct wal *w, struct why *why)
{
	int err = checkpoint(w, SQLITE_CHECKPOINT_TRUNCATE, why);

	return err == ERR_AGAIN ? 0 : err;
}

int wal_purge(struct wal *w, struct why *why)
{
	int err;

	sqlite3_busy_timeout(w->db, PURGE_MS);
	err = checkpoint(w, SQLITE_CHECKPOINT_TRUNCATE, why);
	sqlite3_busy_timeout(w->db, DB_BUSY_MS);
	return err;
}
