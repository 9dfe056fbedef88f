#include "app/backupcmd.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "proto/json.h"
#include "store/restore.h"
#include "store/verify.h"

static const char help[] =
	"usage: paravent restore [-c FILE] [--force] [--json] BACKUP\n\n"
	"Checks a backup as a whole and puts it in the place of the server's state. The\n"
	"server must be stopped. A state that is there is only replaced with --force, and\n"
	"then moved aside, not deleted.\n\n"
	"  -c, --config FILE    the server's configuration\n"
	"  -s, --state-dir DIR  where the state goes, if not as configured\n"
	"      --force          move the state that is there aside\n"
	"      --json           for programs\n";

struct restored {
	struct backup backup;
	struct verify verify;
	char aside[PATH_MAX];
};

static void print_json(const struct restored *r, const char *state_dir)
{
	char hex[2 * FACT_HASH_SIZE + 1];
	struct buf text = BUF_INIT;
	struct json_writer w;

	hex_encode(hex, r->verify.head.hash, sizeof(r->verify.head.hash));
	json_put_init(&w, &text);
	json_put_object(&w, NULL);
	json_put_text(&w, "stateDir", state_dir);
	json_put_time(&w, "madeAt", r->backup.made_at);
	json_put_int(&w, "facts", (int64_t)r->verify.facts);
	json_put_int(&w, "seq", (int64_t)r->verify.head.seq);
	json_put_text(&w, "hash", hex);
	json_put_bool(&w, "keys", r->backup.keys);
	if (*r->aside)
		json_put_text(&w, "movedAside", r->aside);
	json_put_end(&w);
	puts(text.p);
	buf_fini(&text);
}

static void print(const struct restored *r, const char *state_dir)
{
	char at[CLOCK_RFC3339_SIZE];

	clock_rfc3339(at, r->backup.made_at);
	printf("%s is as it was at %s, and verifies: %" PRIu64 " facts\n", state_dir, at,
	       r->verify.facts);
	if (*r->aside)
		printf("the state before is in %s\n", r->aside);
	puts("\nNext:");
	if (!r->backup.keys)
		puts("- The backup came without keys: titles and names of hosts up to then\n"
		     "  are lost, unless you put the keys.db that belongs to it beside it.");
	puts("- Start the server: systemctl start paravent\n"
	     "- What was erased after the backup was made has come back: erase it again.\n"
	     "- API keys that were revoked since then open again: revoke them again.\n"
	     "- The staff has the accounts and passwords of then, and signs in anew. Who was\n"
	     "  shut out or removed since must be again.");
	if (*r->aside)
		puts("- Once all is well, delete the state before; it holds personal data.");
}

/* Says why not, and what to do. */
static int refuse(int err, const char *what, const struct why *why)
{
	fprintf(stderr, "paravent restore: %s%s\n", what, why->text);
	if (err == ERR_NOT_FOUND)
		fputs("Say the folder that a backup printed: .../paravent-<time>\n", stderr);
	if (err == ERR_DUPLICATE)
		fputs("With --force it is moved aside first.\n", stderr);
	if (err == ERR_FORBIDDEN)
		fputs("Run it as root, or as the user that the server runs as.\n", stderr);
	if (err == ERR_AGAIN)
		fputs("Nothing was changed. Make room, then try again.\n", stderr);
	return EXIT_FAILED;
}

static int restore(struct restored *r, const char *from, const char *state_dir,
		   bool force)
{
	struct progress progress;
	struct why why = {.text = ""};
	int err;

	progress_init(&progress, "checking the backup");
	err = backup_check(&r->backup, from, backupcmd_more, progress_step, &progress,
			   &why);
	progress_end(&progress);
	if (err)
		return refuse(err, "the backup cannot be used: ", &why);
	err = restore_backup(&r->backup, state_dir, force, clock_wall_ms(), r->aside,
			     &why);
	if (err)
		return refuse(err, "", &why);
	progress_init(&progress, "verifying");
	err = ledger_verify(state_dir, &r->backup.head, progress_step, &progress,
			    &r->verify, &why);
	progress_end(&progress);
	return err ? refuse(err, "it was restored and does not verify: ", &why) : EXIT_OK;
}

int cmd_restore(int argc, char **argv)
{
	bool force = false;
	const struct options_own own[] = {
		{.name = "force", .flag = &force},
		{.name = NULL},
	};
	struct restored r;
	struct options o;
	struct conf conf;
	int status = options_read(&o, argc, argv, own, help);

	if (status != OPTIONS_GO_ON)
		return status;
	if (o.words != 1) {
		fputs("paravent restore: say which backup\n"
		      "'paravent restore --help' says more.\n", stderr);
		return EXIT_USAGE;
	}
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	status = restore(&r, o.word[0], conf.state_dir, force);
	if (status == EXIT_OK && o.json)
		print_json(&r, conf.state_dir);
	else if (status == EXIT_OK)
		print(&r, conf.state_dir);
	conf_fini(&conf);
	return status;
}
