#include "app/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/adminclient.h"
#include "app/options.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/hookconf.h"

static const char help[] =
	"usage: paravent webhook list [--json] [-c FILE]\n"
	"       paravent webhook test NAME [--json] [-c FILE]\n"
	"       paravent webhook replay NAME --from SEQ [-c FILE]\n\n"
	"list shows how far each webhook of the running server has got, and what is\n"
	"wrong. test sends an event of kind webhook.test and shows what the receiver\n"
	"says. replay sends everything from the fact SEQ on again; one more than the\n"
	"number of the last fact skips all that waits.\n\n"
	"      --json          print what the server says\n"
	"  -c, --config FILE   the configuration of the server that runs\n"
	"  -s, --state-dir DIR where its ledger is, if not as configured\n";

#define COMMAND "paravent webhook"

static int usage(const char *what)
{
	fprintf(stderr, COMMAND ": %s\n\n%s", what, help);
	return EXIT_USAGE;
}

static void print_hook(const struct json_member *m, int n)
{
	char name[64], url[1100], seq[24], behind[24], error[128], next[32];

	adminclient_text(name, sizeof(name), m, n, "name");
	adminclient_text(url, sizeof(url), m, n, "url");
	adminclient_text(seq, sizeof(seq), m, n, "seq");
	adminclient_text(behind, sizeof(behind), m, n, "behind");
	adminclient_text(error, sizeof(error), m, n, "error");
	adminclient_text(next, sizeof(next), m, n, "nextTry");
	printf("%-20s  %8s  %8s  %s\n", name, seq, behind, url);
	if (*error)
		printf("%-20s  failing: %s; next try %s\n", "", error, next);
}

static int list(const char *state_dir, bool json)
{
	struct adminclient_answer answer;
	int status = EXIT_OK;

	if (adminclient_ask(&answer, COMMAND, state_dir, "GET", "/admin/webhooks", NULL))
		return EXIT_FAILED;
	if (json) {
		puts(answer.body.p);
	} else {
		printf("%-20s  %8s  %8s  %s\n", "NAME", "SEQ", "BEHIND", "URL");
		if (!adminclient_items(&answer, print_hook))
			status = EXIT_FAILED;
	}
	adminclient_fini(&answer);
	return status;
}

static int ask_hook(struct adminclient_answer *answer, const char *state_dir,
		    const char *name, const char *verb, const char *body)
{
	struct buf path = BUF_INIT;
	int err;

	if (hookconf_check_name(name)) {
		fprintf(stderr, COMMAND ": \"%s\" %s\n", name, hookconf_check_name(name));
		return ERR_MALFORMED;
	}
	buf_printf(&path, "/admin/webhooks/%s/%s", name, verb);
	err = adminclient_ask(answer, COMMAND, state_dir, "POST", path.p, body);
	buf_fini(&path);
	return err;
}

static int test(const char *state_dir, const char *name, bool json)
{
	char taken[8], said[8], error[128], ms[16];
	struct adminclient_answer answer;
	struct json_member m[8];
	int n;

	if (ask_hook(&answer, state_dir, name, "test", NULL))
		return EXIT_FAILED;
	n = json_scan(m, ARRAY_LEN(m), answer.body.p, answer.body.len);
	adminclient_text(taken, sizeof(taken), m, n < 0 ? 0 : n, "taken");
	adminclient_text(said, sizeof(said), m, n < 0 ? 0 : n, "status");
	adminclient_text(error, sizeof(error), m, n < 0 ? 0 : n, "error");
	adminclient_text(ms, sizeof(ms), m, n < 0 ? 0 : n, "milliseconds");
	if (json)
		puts(answer.body.p);
	else if (strcmp(taken, "true") == 0)
		printf("taken: it answers %s after %s ms\n", said, ms);
	else if (*error)
		fprintf(stderr, "not taken: %s\n", error);
	else
		fprintf(stderr, "not taken: it answers %s\n", said);
	adminclient_fini(&answer);
	return strcmp(taken, "true") == 0 ? EXIT_OK : EXIT_FAILED;
}

static int replay(const char *state_dir, const char *name, int64_t from)
{
	struct adminclient_answer answer;
	struct json_member m[8];
	char body[48], behind[24];
	int n;

	snprintf(body, sizeof(body), "{\"from\":%" PRId64 "}", from);
	if (ask_hook(&answer, state_dir, name, "replay", body))
		return EXIT_FAILED;
	n = json_scan(m, ARRAY_LEN(m), answer.body.p, answer.body.len);
	adminclient_text(behind, sizeof(behind), m, n < 0 ? 0 : n, "behind");
	printf("%s facts are to be sent, less those it does not want\n", behind);
	adminclient_fini(&answer);
	return EXIT_OK;
}

/* A seq of the command line; 0 when it is none. */
static int64_t read_seq(const char *s)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno ? value : 0;
}

int cmd_webhook(int argc, char **argv)
{
	const char *from = NULL, *verb;
	const struct options_own own[] = {
		{.name = "from", .value = &from},
		{.name = NULL},
	};
	struct options o;
	struct conf conf;
	int status = options_read(&o, argc, argv, own, help);

	if (status != OPTIONS_GO_ON)
		return status;
	verb = o.words ? o.word[0] : "";
	if (from && !read_seq(from))
		return usage("--from wants a number from 1 on");
	if (!(o.words == 2 &&
	      (strcmp(verb, "test") == 0 || strcmp(verb, "replay") == 0)) &&
	    !(o.words == 1 && strcmp(verb, "list") == 0))
		return usage("say list, test NAME or replay NAME");
	if (*verb == 'r' && !from)
		return usage("replay wants --from SEQ");
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	if (*verb == 'l')
		status = list(conf.state_dir, o.json);
	else if (*verb == 't')
		status = test(conf.state_dir, o.word[1], o.json);
	else
		status = replay(conf.state_dir, o.word[1], read_seq(from));
	conf_fini(&conf);
	return status;
}
