#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/mem.h"
#include "proto/json.h"
#include "store/backuppart.h"
#include "store/db.h"
#include "store/keycopy.h"
#include "store/keyring.h"
#include "store/schema.h"
#include "store/statefile.h"

#define FORMAT 1
#define MANIFEST_MAX 4096

/* In one step: each write to the ledger would make a copy in parts begin anew. */
static int copy_pages(sqlite3 *to, sqlite3 *from, const char *name, struct why *why)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

	if (!b)
		return db_error(to, name, why);
	sqlite3_backup_step(b, -1);
	if (sqlite3_backup_finish(b) != SQLITE_OK)
		return db_error(to, name, why);
	return db_alone(to, why);
}

/* then: what is changed in the copy; NULL for nothing. */
static int copy_database(const char *from_dir, const char *to_dir,
			 const struct schema *schema, const char *then, struct why *why)
{
	sqlite3 *from = NULL, *to = NULL;
	int err;

	err = schema_open(&from, from_dir, schema, DB_READ, why);
	if (!err)
		err = db_open(&to, to_dir, schema->file, DB_WRITE, why);
	if (!err)
		err = copy_pages(to, from, schema->file, why);
	if (!err && then)
		err = db_exec(to, then, why);
	db_close(to);
	db_close(from);
	return err;
}

static int copy_keys(const char *from_dir, const char *to_dir, struct why *why)
{
	sqlite3 *facts = NULL;
	int err;

	err = schema_open(&facts, to_dir, &schema_ledger, DB_READ, why);
	if (!err)
		err = keycopy_make(from_dir, to_dir, facts, why);
	db_close(facts);
	return err;
}

static struct backup_file *add(struct backup *b, const char *name)
{
	struct backup_file *f = &b->file[b->count++];

	snprintf(f->name, sizeof(f->name), "%s", name);
	return f;
}

/* Syncs a file that lies in the folder; its digest and size. */
static int weigh(struct backup *b, const char *dir, const char *name, struct why *why)
{
	char path[PATH_MAX];
	uint64_t size = 0;
	int err = statefile_path(path, dir, name, why);

	if (!err)
		err = statefile_sync(path, why);
	if (!err)
		err = statefile_digest(path, add(b, name)->sha256, &size, why);
	b->bytes += size;
	return err;
}

/* Passwords are kept, what is open is not: a backup signs nobody in. A state from before
 * there was a staff has none of it. */
static int copy_accounts(struct backup *b, const struct backup_plan *plan,
			 const char *dir, struct why *why)
{
	int err = copy_database(plan->state_dir, dir, &schema_staff,
				"PRAGMA secure_delete = ON;"
				"DELETE FROM session; DELETE FROM link;", why);

	if (err == ERR_NOT_FOUND)
		return 0;
	return err ? err : weigh(b, dir, schema_staff.file, why);
}

static int copy_databases(struct backup *b, const struct backup_plan *plan,
			  const char *dir, struct why *why)
{
	int err = copy_database(plan->state_dir, dir, &schema_ledger, NULL, why);

	if (!err)
		err = weigh(b, dir, schema_ledger.file, why);
	if (!err)
		err = copy_accounts(b, plan, dir, why);
	if (err || !plan->keys)
		return err;
	err = copy_keys(plan->state_dir, dir, why);
	if (err == ERR_NOT_FOUND)
		return why_set(why, err, "there is no keys.db; to go without it say so "
			       "(--without-keys)");
	if (!err)
		err = weigh(b, dir, schema_keys.file, why);
	b->keys = !err;
	return err;
}

static int copy_more(struct backup *b, const struct backup_plan *plan, const char *dir,
		     struct why *why)
{
	char from[PATH_MAX], to[PATH_MAX];
	uint8_t sha256[32];
	uint64_t size;
	int err = 0;

	for (const char *const *name = plan->more; *name && !err; name++) {
		err = statefile_path(from, plan->state_dir, *name, why);
		if (!err)
			err = statefile_path(to, dir, *name, why);
		if (err || (access(from, F_OK) != 0 && errno == ENOENT))
			continue;
		err = statefile_copy(from, to, sha256, &size, why);
		if (err)
			break;
		memcpy(add(b, *name)->sha256, sha256, sizeof(sha256));
		b->bytes += size;
	}
	return err;
}

static void put_hex(struct json_writer *w, const char *name, const uint8_t bytes[32])
{
	char hex[65];

	hex_encode(hex, bytes, 32);
	json_put_text(w, name, hex);
}

static int write_manifest(const struct backup *b, const char *dir, struct why *why)
{
	struct buf text = BUF_INIT;
	struct json_writer w;
	char path[PATH_MAX];
	ssize_t done = -1;
	int fd, err;

	json_put_init(&w, &text);
	json_put_object(&w, NULL);
	json_put_int(&w, "format", FORMAT);
	json_put_time(&w, "madeAt", b->made_at);
	json_put_int(&w, "seq", (int64_t)b->head.seq);
	put_hex(&w, "hash", b->head.hash);
	json_put_object(&w, "files");
	for (size_t i = 0; i < b->count; i++)
		put_hex(&w, b->file[i].name, b->file[i].sha256);
	json_put_end(&w);
	json_put_end(&w);
	buf_putc(&text, '\n');
	err = statefile_path(path, dir, BACKUP_MANIFEST, why);
	fd = err ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		done = write(fd, text.p, text.len);
		if (fsync(fd))
			done = -1;
		close(fd);
	}
	if (!err && done != (ssize_t)text.len)
		err = statefile_failed(path, why);
	buf_fini(&text);
	return err;
}

static int check_accounts(const char *dir, struct why *why)
{
	sqlite3 *db = NULL;
	int err = schema_open(&db, dir, &schema_staff, DB_READ, why);

	if (!err)
		err = db_check(db, schema_staff.file, why);
	db_close(db);
	return err == ERR_NOT_FOUND ? 0 : err;
}

/* SQLite's own check, and whether the keys are this ledger's. */
static int check_databases(const char *dir, bool keys, struct why *why)
{
	sqlite3 *db = NULL;
	struct keyring *k = NULL;
	int err;

	err = schema_open(&db, dir, &schema_ledger, DB_READ, why);
	if (!err)
		err = db_check(db, schema_ledger.file, why);
	if (!err)
		err = check_accounts(dir, why);
	if (!err && keys)
		err = keyring_open(&k, dir, db, DB_READ, why);
	if (!err && keys)
		err = keyring_check(k, why);
	keyring_close(k);
	db_close(db);
	return err;
}

static int check_ledger(struct backup *b, const char *dir,
			const struct chain_head *expected, verify_progress_fn *progress,
			void *arg, struct why *why)
{
	struct verify found;
	int err;

	err = check_databases(dir, b->keys, why);
	if (!err)
		err = ledger_verify(dir, expected, progress, arg, &found, why);
	if (!err) {
		b->head = found.head;
		b->facts = found.facts;
	}
	return err;
}

static int fill(struct backup *b, const struct backup_plan *plan, const char *dir,
		struct why *why)
{
	int err;

	err = copy_databases(b, plan, dir, why);
	if (!err)
		err = copy_more(b, plan, dir, why);
	if (!err)
		err = check_ledger(b, dir, NULL, plan->progress, plan->arg, why);
	if (!err)
		err = write_manifest(b, dir, why);
	return err ? err : statefile_sync(dir, why);
}

/* The name under which it is made, and the one that it gets. */
static int name(char making[PATH_MAX], struct backup *b, const char *into,
		struct why *why)
{
	char stamp[STATEFILE_STAMP_SIZE], text[64];
	int err;

	statefile_stamp(stamp, b->made_at);
	snprintf(text, sizeof(text), "paravent-%s", stamp);
	err = statefile_path(b->path, into, text, why);
	snprintf(text, sizeof(text), ".paravent-%s.part", stamp);
	if (!err)
		err = statefile_path(making, into, text, why);
	if (!err && access(b->path, F_OK) == 0)
		err = why_set(why, ERR_DUPLICATE, "%s is there already", b->path);
	return err;
}

int backup_make(struct backup *out, const struct backup_plan *plan, int64_t now,
		struct why *why)
{
	char making[PATH_MAX];
	int err, lock;

	memset(out, 0, sizeof(*out));
	out->made_at = now;
	err = statefile_path(making, plan->state_dir, schema_ledger.file, why);
	if (!err && access(making, F_OK) != 0)
		err = statefile_failed(making, why);
	if (!err)
		err = name(making, out, plan->into, why);
	if (err)
		return err;
	if (mkdir(plan->into, 0700) != 0 && errno != EEXIST)
		return statefile_failed(plan->into, why);
	backuppart_sweep(plan->into);
	err = backuppart_make(&lock, making, why);
	if (err)
		return err;
	err = fill(out, plan, making, why);
	if (!err && rename(making, out->path) != 0)
		err = statefile_failed(out->path, why);
	if (err)
		statefile_remove(making);
	close(lock);
	return err ? err : statefile_sync(plan->into, why);
}

static int bad_manifest(struct why *why)
{
	return why_set(why, ERR_CORRUPT, "its " BACKUP_MANIFEST " is not one of ours");
}

/* Only names that we know: what a manifest says must lead nowhere else. */
static bool is_known(const char *name, const char *const *more)
{
	if (strcmp(name, schema_ledger.file) == 0 ||
	    strcmp(name, schema_keys.file) == 0 || strcmp(name, schema_staff.file) == 0)
		return true;
	while (*more && strcmp(*more, name) != 0)
		more++;
	return *more != NULL;
}

static bool get_hex(uint8_t out[32], const struct json_member *m)
{
	return m && m->kind == JSON_KIND_STRING && m->len == 66 &&
	       hex_decode(out, 32, m->value + 1, 64) == 0;
}

static int read_files(struct backup *b, const struct json_member *files,
		      const char *const *more)
{
	struct json_member m[BACKUP_FILES_MAX];
	struct backup_file *f;
	int i, n;

	n = files && files->kind == JSON_KIND_OBJECT ?
		json_scan(m, ARRAY_LEN(m), files->value, files->len) : ERR_MALFORMED;
	for (i = 0; i < n; i++) {
		if (m[i].key_len >= sizeof(f->name))
			return ERR_MALFORMED;
		f = &b->file[b->count++];
		memcpy(f->name, m[i].key, m[i].key_len);
		if (!is_known(f->name, more) || !get_hex(f->sha256, &m[i]))
			return ERR_MALFORMED;
		b->keys |= strcmp(f->name, schema_keys.file) == 0;
	}
	return json_find(m, n, schema_ledger.file) ? 0 : ERR_MALFORMED;
}

static int read_manifest(struct backup *b, const char *const *more, struct why *why)
{
	const struct json_member *format, *seq, *hash, *at;
	char path[PATH_MAX], text[MANIFEST_MAX];
	struct json_member m[16];
	int64_t version, last;
	ssize_t len;
	int fd, n, err;

	err = statefile_path(path, b->path, BACKUP_MANIFEST, why);
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	if (len < 0) {
		err = statefile_failed(path, why);
		if (fd >= 0)
			close(fd);
		return err;
	}
	close(fd);
	n = json_scan(m, ARRAY_LEN(m), text, (size_t)len);
	if (n < 0)
		return bad_manifest(why);
	format = json_find(m, n, "format");
	if (!format || json_get_int(format, &version) || version < 1)
		return bad_manifest(why);
	if (version > FORMAT)
		return why_set(why, ERR_VERSION, "it was made by a newer version of "
			       "Paravent: restore it with that one");
	seq = json_find(m, n, "seq");
	hash = json_find(m, n, "hash");
	at = json_find(m, n, "madeAt");
	if (!seq || json_get_int(seq, &last) || last < 0 || !get_hex(b->head.hash, hash) ||
	    !at || at->kind != JSON_KIND_STRING ||
	    clock_rfc3339_parse(&b->made_at, at->value + 1, at->len - 2) ||
	    read_files(b, json_find(m, n, "files"), more))
		return bad_manifest(why);
	b->head.seq = (uint64_t)last;
	return 0;
}

static int check_files(struct backup *b, struct why *why)
{
	uint8_t sha256[32];
	char path[PATH_MAX];
	uint64_t size;
	int err = 0;

	for (size_t i = 0; i < b->count && !err; i++) {
		err = statefile_path(path, b->path, b->file[i].name, why);
		if (!err)
			err = statefile_digest(path, sha256, &size, why);
		if (err)
			break;
		if (memcmp(sha256, b->file[i].sha256, sizeof(sha256)) != 0)
			err = why_set(why, ERR_CORRUPT, "%s in it is not the one that was "
				      "saved: its SHA-256 differs", b->file[i].name);
		b->bytes += size;
	}
	return err;
}

int backup_check(struct backup *out, const char *path, const char *const *more,
		 verify_progress_fn *progress, void *arg, struct why *why)
{
	struct chain_head expected;
	int err;

	memset(out, 0, sizeof(*out));
	if (strlen(path) >= sizeof(out->path))
		return why_set(why, ERR_TOO_BIG, "the path is too long");
	strcpy(out->path, path);
	err = read_manifest(out, more, why);
	if (!err)
		err = check_files(out, why);
	expected = out->head;
	if (!err)
		err = check_ledger(out, path, &expected, progress, arg, why);
	return err;
}
