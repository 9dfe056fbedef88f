#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/accountdb.h"
#include "store/backup.h"
#include "store/backupkeep.h"
#include "store/backuppart.h"
#include "store/restore.h"
#include "store/statefile.h"
#include "store/verify.h"

#include "storekit.h"

#define NOW INT64_C(1795426200000)	/* 2026-11-23T09:30:00Z */

static const char *const more[] = {"server.key", "relay.secret", NULL};

/* A state directory and a folder for its backups. */
struct scene {
	struct kit state, shelf;
	struct backup backup;
	struct why why;
};

static void put_file(const struct kit *k, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	kit_path(path, k, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void scene_init(struct scene *s, uint64_t facts)
{
	kit_init(&s->state);
	kit_init(&s->shelf);
	kit_fill(&s->state, facts);
	put_file(&s->state, "server.key", "thirty-two bytes that open doors");
	s->why.text[0] = '\0';
}

static void scene_fini(struct scene *s)
{
	char name[400];
	DIR *d = opendir(s->shelf.dir);

	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		snprintf(name, sizeof(name), "%s/%s", s->shelf.dir, e->d_name);
		if (e->d_name[0] != '.')
			statefile_remove(name);
	}
	closedir(d);
	kit_fini(&s->shelf);
	kit_fini(&s->state);
}

static int make(struct scene *s, bool keys, int64_t now)
{
	const struct backup_plan plan = {.state_dir = s->state.dir, .into = s->shelf.dir,
					 .more = more, .keys = keys};

	return backup_make(&s->backup, &plan, now, &s->why);
}

static void made(struct scene *s, bool keys, int64_t now)
{
	int err = make(s, keys, now);

	ck_assert_msg(err == 0, "%s", s->why.text);
}

static int check(struct scene *s)
{
	const struct backup was = s->backup;

	return backup_check(&s->backup, was.path, more, NULL, NULL, &s->why);
}

static unsigned int entries(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static mode_t mode(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	struct why why;

	ck_assert_int_eq(statefile_path(path, dir, name, &why), 0);
	ck_assert_msg(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st.st_mode & 07777;
}

START_TEST(test_a_backup_holds_all_that_a_state_needs)
{
	/* backup.h: the folder, its name, its files and their modes; what is missing
	 * in the state is not in the backup either */
	struct verify found;
	char *want = NULL;
	struct scene s;

	scene_init(&s, 100);
	made(&s, true, NOW);
	ck_assert_int_gt(asprintf(&want, "%s/paravent-20261123T093000Z", s.shelf.dir), 0);
	ck_assert_str_eq(s.backup.path, want);
	free(want);
	ck_assert_uint_eq(entries(s.shelf.dir), 1);
	ck_assert_uint_eq(entries(s.backup.path), 4);
	ck_assert_uint_eq(mode(s.shelf.dir, "paravent-20261123T093000Z"), 0700);
	ck_assert_uint_eq(mode(s.backup.path, "ledger.db"), 0600);
	ck_assert_uint_eq(mode(s.backup.path, "keys.db"), 0600);
	ck_assert_uint_eq(mode(s.backup.path, "server.key"), 0600);
	ck_assert_uint_eq(mode(s.backup.path, BACKUP_MANIFEST), 0600);
	ck_assert_uint_eq(s.backup.head.seq, 100);
	ck_assert_uint_eq(s.backup.facts, 100);
	ck_assert(s.backup.keys);
	ck_assert_int_eq(ledger_verify(s.backup.path, &s.backup.head, NULL, NULL, &found,
				       &s.why), 0);
	ck_assert_int_eq(check(&s), 0);
	ck_assert_uint_eq(s.backup.head.seq, 100);
	ck_assert_int_eq(s.backup.made_at, NOW);
	ck_assert_uint_eq(entries(s.backup.path), 4);	/* reading left nothing there */
	ck_assert_int_eq(make(&s, true, NOW), ERR_DUPLICATE);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_backup_signs_nobody_in)
{
	/* backup.h: of staff.db the passwords, and neither sessions nor links */
	struct accountdb_session session = {.name = "anna", .made_at = 1, .used_at = 2};
	const uint8_t link[SIGNIN_HASH_SIZE] = {7, 7, 7, 7, 7, 7, 7, 7, 9};
	struct accountdb *a;
	char path[PATH_MAX + 16], text[16384];
	struct scene s;
	sqlite3 *db;
	size_t len;
	FILE *f;

	scene_init(&s, 5);
	memset(session.hash, 0xa7, sizeof(session.hash));
	ck_assert_int_eq(accountdb_open(&a, s.state.dir, &s.why), 0);
	ck_assert_int_eq(accountdb_set_password(a, "anna", "$y$hash", &s.why), 0);
	ck_assert_int_eq(accountdb_set_link(a, "berta", link, INT64_MAX, &s.why), 0);
	ck_assert_int_eq(accountdb_put_session(a, &session, &s.why), 0);
	ck_assert_int_eq(accountdb_commit(a, &s.why), 0);
	made(&s, true, NOW);
	accountdb_close(a);
	ck_assert_uint_eq(s.backup.count, 4);
	ck_assert_uint_eq(mode(s.backup.path, "staff.db"), 0600);
	ck_assert_int_eq(check(&s), 0);
	snprintf(path, sizeof(path), "%s/staff.db", s.backup.path);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM password"), 1);
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM session"), 0);
	ck_assert_int_eq(kit_number(db, "SELECT count(*) FROM link"), 0);
	sqlite3_close(db);
	f = fopen(path, "r");
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	ck_assert_ptr_null(memmem(text, len, session.hash, sizeof(session.hash)));
	ck_assert_ptr_null(memmem(text, len, link, sizeof(link)));
	/* one that is damaged is no backup */
	f = fopen(path, "r+");
	fseek(f, 4096, SEEK_SET);
	fputs("damage", f);
	fclose(f);
	ck_assert_int_eq(check(&s), ERR_CORRUPT);
	scene_fini(&s);
}
END_TEST

START_TEST(test_keys_can_be_left_out)
{
	/* security.md: so that a stolen backup tells nothing personal */
	struct scene s;

	scene_init(&s, 20);
	made(&s, false, NOW);
	ck_assert_uint_eq(entries(s.backup.path), 3);
	ck_assert(!s.backup.keys);
	ck_assert_int_eq(check(&s), 0);
	ck_assert(!s.backup.keys);
	scene_fini(&s);
}
END_TEST

static int64_t number_in(const char *dir, const char *name, const char *sql)
{
	char path[PATH_MAX];
	sqlite3 *db;
	int64_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	n = kit_number(db, sql);
	sqlite3_close(db);
	return n;
}

static int all_have_titles(void *arg, const struct fact *fact)
{
	uint64_t *count = arg;

	*count += fact->personal_len > 0;
	return 0;
}

START_TEST(test_only_keys_of_what_is_in_it_are_in_it)
{
	/* keycopy.h: each fact of the copy finds its key, also one that is not settled; the
	 * seed, which will seal what comes, and other keys are left out */
	struct kit copy;
	struct ledger *l;
	struct scene s;
	uint64_t titles = 0;
	sqlite3 *db;

	scene_init(&s, 3);
	l = kit_start(&s.state);
	for (uint64_t n = 4; n <= 10; n++) {
		struct fact f;

		kit_nth(&f, n);
		ck_assert_uint_eq(ledger_append(l, &f), n);
	}
	kit_wait(l, 10);
	db = kit_raw(&s.state, "keys.db");
	kit_sql(db, "INSERT INTO key VALUES (4711, randomblob(32))");
	sqlite3_close(db);
	ck_assert_int_eq(number_in(s.state.dir, "keys.db",
				   "SELECT count(*) FROM key WHERE stream < 0"), 1);
	made(&s, true, NOW);
	ck_assert_int_eq(number_in(s.backup.path, "keys.db", "SELECT count(*) FROM key "
				   "WHERE stream BETWEEN 1 AND 8"), 8);
	ck_assert_int_eq(number_in(s.backup.path, "keys.db", "SELECT count(*) FROM key"), 8);
	ck_assert_uint_eq(entries(s.backup.path), 4);
	ck_assert_int_eq(check(&s), 0);
	ledger_close(l);
	ck_assert_uint_lt(strlen(s.backup.path), sizeof(copy.dir));
	strcpy(copy.dir, s.backup.path);
	l = kit_open(&copy);
	ck_assert_int_eq(ledger_replay(l, all_have_titles, &titles, &s.why), 0);
	ck_assert_uint_eq(titles, 8);
	ledger_close(l);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_backup_is_made_while_facts_are_written)
{
	/* T-8: each backup is of one moment, and verifies */
	struct ledger *l;
	struct scene s;
	struct fact f;
	uint64_t n;

	scene_init(&s, 1);
	l = kit_start(&s.state);
	for (n = 2; n <= 20000; n++) {
		kit_nth(&f, n);
		ck_assert_uint_eq(ledger_append(l, &f), n);
		if (n % 2500 == 0) {
			made(&s, true, NOW + (int64_t)n * 1000);
			ck_assert_uint_le(s.backup.head.seq, n);
			ck_assert_uint_ge(s.backup.head.seq, n > 9000 ? n - 9000 : 1);
			ck_assert_int_eq(check(&s), 0);
			kit_wait(l, n);
		}
	}
	ledger_close(l);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_damaged_ledger_makes_no_backup)
{
	/* the chain of the copy is checked, and what failed is not left there */
	struct scene s;
	sqlite3 *db;

	scene_init(&s, 30);
	db = kit_raw(&s.state, "ledger.db");
	kit_sql(db, "DROP TRIGGER fact_no_update;"
		"UPDATE fact SET data = '{}' WHERE seq = 7;"
		"CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact\nBEGIN\n"
		"\tSELECT RAISE(ABORT, 'facts are never changed');\nEND");
	sqlite3_close(db);
	ck_assert_int_eq(make(&s, true, NOW), ERR_CORRUPT);
	ck_assert_msg(strstr(s.why.text, "fact 7:") != NULL, "%s", s.why.text);
	ck_assert_uint_eq(entries(s.shelf.dir), 0);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_full_disk_leaves_no_half_backup)
{
	/* backup.h: then nothing is left of it */
	const struct rlimit little = {.rlim_cur = 40000, .rlim_max = RLIM_INFINITY};
	struct rlimit was;
	struct scene s;
	int err;

	scene_init(&s, 2000);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	err = make(&s, true, NOW);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	ck_assert_int_lt(err, 0);
	ck_assert_uint_eq(entries(s.shelf.dir), 0);
	made(&s, true, NOW);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_killed_backup_is_removed_by_the_next)
{
	/* backuppart.h: keys that it holds must not outlive an erasure; one that is still
	 * being made, and what is not ours, are let be */
	char dead[128], alive[128], other[128], file[160];
	struct scene s;
	FILE *f;
	int lock, second;

	scene_init(&s, 5);
	kit_path(dead, &s.shelf, ".paravent-20261122T093000Z.part");
	kit_path(alive, &s.shelf, ".paravent-20261123T092959Z.part");
	kit_path(other, &s.shelf, ".other.part");
	ck_assert_int_eq(mkdir(other, 0700), 0);
	ck_assert_int_eq(backuppart_make(&lock, dead, &s.why), 0);
	ck_assert_int_eq(mode(s.shelf.dir, ".paravent-20261122T093000Z.part"), 0700);
	snprintf(file, sizeof(file), "%s/keys.db", dead);
	f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	close(lock);	/* as the system does at the end of a process */
	ck_assert_int_eq(backuppart_make(&lock, alive, &s.why), 0);
	ck_assert_int_lt(backuppart_make(&second, alive, &s.why), 0);
	made(&s, true, NOW);
	ck_assert_int_ne(access(dead, F_OK), 0);
	ck_assert_int_eq(access(alive, F_OK), 0);
	ck_assert_int_eq(rmdir(other), 0);
	close(lock);
	made(&s, true, NOW + 1000);
	ck_assert_uint_eq(entries(s.shelf.dir), 2);
	scene_fini(&s);
}
END_TEST

START_TEST(test_nothing_to_save_is_said)
{
	/* backup.h: ERR_NOT_FOUND, and for keys.db how to go without */
	char path[128];
	struct scene s;

	scene_init(&s, 5);
	kit_path(path, &s.state, "keys.db");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(make(&s, true, NOW), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(s.why.text, "--without-keys"));
	made(&s, false, NOW);
	kit_path(path, &s.state, "ledger.db");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(make(&s, false, NOW + 1000), ERR_NOT_FOUND);
	ck_assert_uint_eq(entries(s.shelf.dir), 1);
	scene_fini(&s);
}
END_TEST

/* Writes over the backup's file of that name. */
static void spoil(const struct scene *s, const char *name, const char *text)
{
	char path[PATH_MAX];
	struct why why;
	FILE *f;

	ck_assert_int_eq(statefile_path(path, s->backup.path, name, &why), 0);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(test_a_backup_that_changed_is_refused)
{
	/* backup.h: the manifest and the SHA-256 of each file */
	struct scene s;

	scene_init(&s, 20);
	made(&s, true, NOW);
	spoil(&s, "server.key", "another key");
	ck_assert_int_eq(check(&s), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(s.why.text, "server.key"));
	scene_fini(&s);
	scene_init(&s, 20);
	made(&s, true, NOW);
	spoil(&s, BACKUP_MANIFEST, "{");
	ck_assert_int_eq(check(&s), ERR_CORRUPT);
	scene_fini(&s);
	scene_init(&s, 20);
	made(&s, true, NOW);
	spoil(&s, BACKUP_MANIFEST, "{\"format\":2}");
	ck_assert_int_eq(check(&s), ERR_VERSION);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_manifest_leads_nowhere_else)
{
	/* backup.h: only names that are known */
	static const char *const names[] = {"../../etc/passwd", "/etc/passwd", "other",
					    "ledger.db\\u0000", ""};
	char text[512];
	struct scene s;

	scene_init(&s, 3);
	made(&s, true, NOW);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(text, sizeof(text), "{\"format\":1,\"madeAt\":"
			 "\"2026-11-20T09:30:00Z\",\"seq\":3,\"hash\":\"%064d\","
			 "\"files\":{\"ledger.db\":\"%064d\",\"%s\":\"%064d\"}}", 0, 0,
			 names[i], 0);
		spoil(&s, BACKUP_MANIFEST, text);
		ck_assert_int_eq(check(&s), ERR_CORRUPT);
		ck_assert_msg(strstr(s.why.text, "not one of ours") != NULL, "%s: %s",
			      names[i], s.why.text);
	}
	scene_fini(&s);
}
END_TEST

static int restore(struct scene *s, bool force, int64_t now, char aside[PATH_MAX])
{
	return restore_backup(&s->backup, s->state.dir, force, now, aside, &s->why);
}

START_TEST(test_a_restored_state_is_the_saved_one)
{
	/* T-8: the drill; what was written after the backup is gone, and moved aside */
	char aside[PATH_MAX];
	struct verify found;
	struct ledger *l;
	struct scene s;

	scene_init(&s, 50);
	made(&s, true, NOW);
	kit_fill(&s.state, 80);
	ck_assert_int_eq(check(&s), 0);
	ck_assert_int_eq(restore(&s, false, NOW, aside), ERR_DUPLICATE);
	ck_assert_int_eq(restore(&s, true, NOW, aside), 0);
	ck_assert_ptr_nonnull(strstr(aside, ".before-20261123T093000Z"));
	ck_assert_int_eq(ledger_verify(aside, NULL, NULL, NULL, &found, &s.why), 0);
	ck_assert_uint_eq(found.head.seq, 80);
	statefile_remove(aside);
	ck_assert_uint_eq(entries(s.state.dir), 3);
	ck_assert_uint_eq(mode(s.state.dir, "."), 0700);
	ck_assert_uint_eq(mode(s.state.dir, "keys.db"), 0600);
	l = kit_open(&s.state);
	ck_assert_uint_eq(ledger_last(l), 50);
	ledger_close(l);
	kit_fill(&s.state, 60);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_running_server_is_not_restored_over)
{
	/* restore.h: ERR_LOCKED, and nothing has changed */
	char aside[PATH_MAX];
	struct ledger *l;
	struct scene s;

	scene_init(&s, 10);
	made(&s, true, NOW);
	l = kit_open(&s.state);
	ck_assert_int_eq(restore(&s, true, NOW, aside), ERR_LOCKED);
	ledger_close(l);
	ck_assert_int_eq(restore(&s, true, NOW, aside), 0);
	statefile_remove(aside);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_state_is_restored_where_there_is_none)
{
	/* restore.h: into no folder and into an empty one, with and without a slash */
	char aside[PATH_MAX], with_slash[80];
	struct scene s;

	scene_init(&s, 10);
	made(&s, true, NOW);
	kit_empty(&s.state);
	ck_assert_int_eq(restore(&s, false, NOW, aside), 0);
	ck_assert_str_eq(aside, "");
	statefile_remove(s.state.dir);
	ck_assert_int_eq(restore(&s, false, NOW, aside), 0);
	ck_assert_uint_eq(entries(s.state.dir), 3);
	statefile_remove(s.state.dir);
	snprintf(with_slash, sizeof(with_slash), "%s//", s.state.dir);
	ck_assert_int_eq(restore_backup(&s.backup, with_slash, false, NOW, aside, &s.why),
			 0);
	ck_assert_uint_eq(entries(s.state.dir), 3);
	scene_fini(&s);
}
END_TEST

START_TEST(test_a_backup_that_changes_meanwhile_harms_nothing)
{
	/* restore.h: each copy is compared with the manifest; what was there is there */
	char aside[PATH_MAX];
	struct scene s;

	scene_init(&s, 10);
	made(&s, true, NOW);
	spoil(&s, "server.key", "x");
	ck_assert_int_eq(restore(&s, true, NOW, aside), ERR_CORRUPT);
	kit_fill(&s.state, 12);
	scene_fini(&s);
}
END_TEST

START_TEST(test_only_the_newest_are_kept)
{
	/* backupkeep.h: the oldest go; what is no backup is not touched, whatever its name */
	static const char *const strangers[] = {
		"paravent-20200101T000000Z.txt", "paravent-2020", "notes",
		"paravent-20200101T000000Z",	/* without a manifest */
	};
	char path[PATH_MAX];
	struct scene s;

	scene_init(&s, 3);
	for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
		ck_assert_int_eq(statefile_path(path, s.shelf.dir, strangers[i], &s.why), 0);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	for (int day = 0; day < 5; day++)
		made(&s, day % 2 == 0, NOW + day * INT64_C(86400000));
	ck_assert_int_eq(backup_keep(s.shelf.dir, 5, &s.why), 0);
	ck_assert_int_eq(backup_keep(s.shelf.dir, 2, &s.why), 3);
	ck_assert_uint_eq(entries(s.shelf.dir), ARRAY_LEN(strangers) + 2);
	/* the last one made is there, and whole */
	ck_assert_int_eq(check(&s), 0);
	ck_assert_int_eq(backup_keep("/nowhere/at/all", 2, &s.why), ERR_IO);
	scene_fini(&s);
}
END_TEST

START_TEST(test_an_old_backup_with_a_folder_in_it_is_told)
{
	/* backupkeep.h: it stays, and the others go all the same */
	char path[PATH_MAX];
	struct scene s;

	scene_init(&s, 3);
	made(&s, true, NOW);
	ck_assert_int_eq(statefile_path(path, s.backup.path, "mine", &s.why), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	made(&s, true, NOW - 86400000);
	made(&s, true, NOW + 86400000);
	ck_assert_int_eq(backup_keep(s.shelf.dir, 1, &s.why), ERR_IO);
	ck_assert_uint_eq(entries(s.shelf.dir), 2);
	ck_assert_int_eq(rmdir(path), 0);
	scene_fini(&s);
}
END_TEST

UNIT_MAIN("backup", test_a_backup_holds_all_that_a_state_needs,
	  test_a_backup_signs_nobody_in, test_keys_can_be_left_out,
	  test_only_keys_of_what_is_in_it_are_in_it,
	  test_a_backup_is_made_while_facts_are_written,
	  test_a_damaged_ledger_makes_no_backup, test_a_full_disk_leaves_no_half_backup,
	  test_a_killed_backup_is_removed_by_the_next,
	  test_nothing_to_save_is_said, test_a_backup_that_changed_is_refused,
	  test_a_manifest_leads_nowhere_else, test_a_restored_state_is_the_saved_one,
	  test_a_running_server_is_not_restored_over,
	  test_a_state_is_restored_where_there_is_none,
	  test_a_backup_that_changes_meanwhile_harms_nothing,
	  test_only_the_newest_are_kept, test_an_old_backup_with_a_folder_in_it_is_told)
