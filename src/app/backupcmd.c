#include "app/backupcmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/commands.h"
#include "app/lastbackup.h"
#include "app/options.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "proto/json.h"
#include "store/backup.h"
#include "store/backupkeep.h"

const char *const backupcmd_more[] = {"server.key", "relay.secret", NULL};

static const char help[] =
	"usage: paravent backup [-c FILE] [--without-keys] [--keep N] [--json] FOLDER\n\n"
	"Makes FOLDER/paravent-<time>/ with the ledger, its keys, the staff's passwords\n"
	"(hashed) and the server's secrets, while the server runs, checks it as a whole, and\n"
	"prints its name. Keep it as you keep a patient file: with the keys it can be read,\n"
	"and it can make links.\n\n"
	"  -c, --config FILE    the server's configuration\n"
	"  -s, --state-dir DIR  where the ledger is, if not as configured\n"
	"      --without-keys   leave keys.db out: titles and names of hosts cannot be\n"
	"                       read from the copy, and not be restored either\n"
	"      --keep N         then remove the oldest backups in FOLDER, but for N\n"
	"      --json           for programs\n";

static void print_json(const struct backup *b)
{
	char hex[2 * FACT_HASH_SIZE + 1];
	struct buf text = BUF_INIT;
	struct json_writer w;

	hex_encode(hex, b->head.hash, sizeof(b->head.hash));
	json_put_init(&w, &text);
	json_put_object(&w, NULL);
	json_put_text(&w, "path", b->path);
	json_put_int(&w, "facts", (int64_t)b->facts);
	json_put_int(&w, "seq", (int64_t)b->head.seq);
	json_put_text(&w, "hash", hex);
	json_put_int(&w, "bytes", (int64_t)b->bytes);
	json_put_bool(&w, "keys", b->keys);
	json_put_array(&w, "files");
	for (size_t i = 0; i < b->count; i++)
		json_put_text(&w, NULL, b->file[i].name);
	json_put_end(&w);
	json_put_end(&w);
	puts(text.p);
	buf_fini(&text);
}

static void print(const struct backup *b)
{
	char hex[2 * FACT_HASH_SIZE + 1];

	hex_encode(hex, b->head.hash, sizeof(b->head.hash));
	printf("%s\n%" PRIu64 " facts, %.1f MB, checked%s\nhead %" PRIu64 ":%s\n", b->path,
	       b->facts, (double)b->bytes / 1e6, b->keys ? "" : ", without the keys",
	       b->head.seq, hex);
}

#define KEEP_MAX 10000

/* From 1 on; 0 when it is no such number. */
static size_t read_keep(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && n <= KEEP_MAX ? (size_t)n : 0;
}

/* keep: how many backups the folder keeps; 0: all of them. */
static int backup(struct backup_plan *plan, size_t keep, bool json)
{
	struct progress progress;
	struct why why = {.text = ""};
	struct backup b;
	int err;

	progress_init(&progress, "checking the copy");
	plan->more = backupcmd_more;
	plan->progress = progress_step;
	plan->arg = &progress;
	err = backup_make(&b, plan, clock_wall_ms(), &why);
	progress_end(&progress);
	if (err) {
		fprintf(stderr, "paravent backup: %s\n", why.text);
		if (err == ERR_AGAIN)
			fputs("Nothing was left behind. Make room, then try again.\n",
			      stderr);
		return EXIT_FAILED;
	}
	lastbackup_write(plan->state_dir, clock_wall_ms());
	if (json)
		print_json(&b);
	else
		print(&b);
	if (keep && backup_keep(plan->into, keep, &why) < 0) {
		fprintf(stderr, "paravent backup: the backup is made, but an old one is not "
				"removed: %s\n", why.text);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

int cmd_backup(int argc, char **argv)
{
	const char *keep = NULL;
	bool without_keys = false;
	const struct options_own own[] = {
		{.name = "without-keys", .flag = &without_keys},
		{.name = "keep", .value = &keep},
		{.name = NULL},
	};
	struct backup_plan plan = {.keys = true};
	struct options o;
	struct conf conf;
	int status = options_read(&o, argc, argv, own, help);

	if (status != OPTIONS_GO_ON)
		return status;
	if (o.words != 1) {
		fputs("paravent backup: say into which folder\n"
		      "'paravent backup --help' says more.\n", stderr);
		return EXIT_USAGE;
	}
	if (keep && !read_keep(keep)) {
		fprintf(stderr, "paravent backup: --keep %s: write how many, from 1 to %d\n",
			keep, KEEP_MAX);
		return EXIT_USAGE;
	}
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	plan.keys = !without_keys;
	plan.state_dir = conf.state_dir;
	plan.into = o.word[0];
	status = backup(&plan, keep ? read_keep(keep) : 0, o.json);
	conf_fini(&conf);
	return status;
}
