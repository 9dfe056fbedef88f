#include "app/backupcmd.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/commands.h"
#include "app/lastbackup.h"
#include "app/options.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "proto/json.h"
#include "store/backup.h"

const char *const backupcmd_more[] = {"server.key", "relay.secret", NULL};

static const char help[] =
	"usage: paravent backup [-c FILE] [--without-keys] [--json] FOLDER\n\n"
	"Makes FOLDER/paravent-<time>/ with the ledger, its keys, the staff's passwords\n"
	"(hashed) and the server's secrets, while the server runs, checks it as a whole, and prints its name. Keep it as you\n"
	"keep a patient file: with the keys it can be read, and it can make links.\n\n"
	"  -c, --config FILE    the server's configuration\n"
	"  -s, --state-dir DIR  where the ledger is, if not as configured\n"
	"      --without-keys   leave keys.db out: titles and names of hosts cannot be\n"
	"                       read from the copy, and not be restored either\n"
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

static int backup(struct backup_plan *plan, bool json)
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
	return EXIT_OK;
}

int cmd_backup(int argc, char **argv)
{
	bool without_keys = false;
	const struct options_own own[] = {
		{.name = "without-keys", .flag = &without_keys},
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
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	plan.keys = !without_keys;
	plan.state_dir = conf.state_dir;
	plan.into = o.word[0];
	status = backup(&plan, o.json);
	conf_fini(&conf);
	return status;
}
