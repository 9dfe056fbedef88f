#include "app/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "app/adminclient.h"
#include "app/options.h"
#include "app/progress.h"
#include "base/err.h"
#include "proto/json.h"
#include "store/ledger.h"

static const char help[] =
	"usage: paravent rebuild [-c FILE] [--json]\n\n"
	"Makes the views (the tables that lists and reports are read from) anew from the\n"
	"facts of the ledger. A running server does it itself when asked to; visits go on,\n"
	"and what is to be remembered waits until it is done.\n\n"
	"  -c, --config FILE    the server's configuration\n"
	"  -s, --state-dir DIR  where the ledger is, if not as configured\n"
	"      --json           for programs\n";

static void print(uint64_t facts, bool json)
{
	if (json)
		printf("{\"facts\":%" PRIu64 "}\n", facts);
	else
		printf("the views were made anew from %" PRIu64 " facts\n", facts);
}

/* The server has the ledger, so it is the one to do it. */
static int ask_server(const char *state_dir, bool json)
{
	struct adminclient_answer answer;
	struct json_member m[8];
	const struct json_member *facts, *detail;
	char text[512] = "it has stopped";
	int64_t count = 0;
	int n, status = EXIT_OK;

	if (adminclient_ask(&answer, "paravent rebuild", state_dir, "POST",
			    "/admin/rebuild", NULL) != 0)
		return EXIT_FAILED;
	n = json_scan(m, sizeof(m) / sizeof(*m), answer.body.p, answer.body.len);
	facts = n > 0 ? json_find(m, n, "facts") : NULL;
	detail = n > 0 ? json_find(m, n, "detail") : NULL;
	if (facts && json_get_int(facts, &count) == 0) {
		print((uint64_t)count, json);
	} else {
		if (detail)
			json_get_string(detail, text, sizeof(text));
		fprintf(stderr, "paravent rebuild: the server could not: %s\n", text);
		status = EXIT_FAILED;
	}
	adminclient_fini(&answer);
	return status;
}

static int rebuild(const char *state_dir, bool json)
{
	char path[PATH_MAX];
	struct progress progress;
	struct why why = {.text = ""};
	struct ledger *l = NULL;
	int err = 0;

	/* ledger_open() would make one */
	snprintf(path, sizeof(path), "%s/ledger.db", state_dir);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		err = why_set(&why, ERR_NOT_FOUND, "there is no ledger in %s", state_dir);
	if (!err)
		err = ledger_open(&l, state_dir, &why);
	if (err == ERR_LOCKED)
		return ask_server(state_dir, json);
	progress_init(&progress, "rebuilding");
	if (!err)
		err = ledger_rebuild(l, progress_step, &progress, &why);
	progress_end(&progress);
	if (err)
		fprintf(stderr, "paravent rebuild: %s\n", why.text);
	else
		print(ledger_last(l), json);
	ledger_close(l);
	return err ? EXIT_FAILED : EXIT_OK;
}

int cmd_rebuild(int argc, char **argv)
{
	struct options o;
	struct conf conf;
	int status = options_read(&o, argc, argv, NULL, help);

	if (status != OPTIONS_GO_ON)
		return status;
	if (o.words) {
		fprintf(stderr, "paravent rebuild: '%s' is one word too many\n",
			o.word[0]);
		return EXIT_USAGE;
	}
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	status = rebuild(conf.state_dir, o.json);
	conf_fini(&conf);
	return status;
}
