#include "app/commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/adminclient.h"
#include "app/options.h"
#include "base/mem.h"
#include "proto/json.h"

static const char help[] =
	"usage: paravent status [--json] [-c FILE]\n\n"
	"How the server that runs on this machine is: visits, relay, log, certificate and\n"
	"last backup.\n\n"
	"      --json           print what the server says, for programs\n"
	"  -c, --config FILE    the configuration of the server that runs\n"
	"  -s, --state-dir DIR  where its ledger is, if not as configured\n";

#define COMMAND "paravent status"

/* The server's answer, to pick from. */
struct picture {
	struct json_member m[32];
	int count;
};

static const char *text_of(const struct picture *p, const char *key)
{
	static char text[512];

	adminclient_text(text, sizeof(text), p->m, p->count, key);
	return text;
}

static long long number_of(const struct picture *p, const char *key)
{
	return strtoll(text_of(p, key), NULL, 10);
}

static bool is_true(const struct picture *p, const char *key)
{
	return strcmp(text_of(p, key), "true") == 0;
}

static void print_relay(const struct picture *p)
{
	long long calls = number_of(p, "calls"), relayed = number_of(p, "relayedCalls");

	if (!is_true(p, "relay")) {
		puts("relay        off");
		return;
	}
	printf("relay        %lld open, %.1f MB since the start",
	       number_of(p, "allocations"), (double)number_of(p, "relayedBytes") / 1e6);
	if (calls)
		printf("; %lld %% of calls needed it", relayed * 100 / calls);
	puts("");
}

static void print(const struct picture *p)
{
	printf("server       %s", text_of(p, "version"));
	printf(" on %s", text_of(p, "url"));
	printf(" since %s%s\n", text_of(p, "since"),
	       is_true(p, "draining") ? "; draining, no visit begins" : "");
	printf("visits       %lld now, %lld inside", number_of(p, "visits"),
	       number_of(p, "inside"));
	printf(", %lld waiting\n", number_of(p, "waiting"));
	print_relay(p);
	printf("log          %lld facts, %s\n", number_of(p, "lastSeq"),
	       is_true(p, "writable") ? "takes more" : "TAKES NO MORE");
	if (*text_of(p, "trouble"))
		printf("             %s\n", text_of(p, "trouble"));
	if (*text_of(p, "certificateEndsAt"))
		printf("certificate  %lld days left\n", number_of(p, "certificateDaysLeft"));
	else
		puts("certificate  none");
	printf("last backup  %s\n", *text_of(p, "lastBackupAt") ?
	       text_of(p, "lastBackupAt") : "not known");
}

static int ask(const char *state_dir, bool json)
{
	struct adminclient_answer answer;
	struct picture p;
	int status = EXIT_OK;

	if (adminclient_ask(&answer, COMMAND, state_dir, "GET", "/admin/status", NULL) != 0)
		return EXIT_FAILED;
	p.count = json_scan(p.m, ARRAY_LEN(p.m), answer.body.p, answer.body.len);
	if (json)
		puts(answer.body.p);
	else if (p.count < 0)
		status = EXIT_FAILED;
	else
		print(&p);
	adminclient_fini(&answer);
	return status;
}

int cmd_status(int argc, char **argv)
{
	struct options o;
	struct conf conf;
	int status = options_read(&o, argc, argv, NULL, help);

	if (status != OPTIONS_GO_ON)
		return status;
	if (o.words) {
		fprintf(stderr, COMMAND ": '%s' is one word too many\n", o.word[0]);
		return EXIT_USAGE;
	}
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	status = ask(conf.state_dir, o.json);
	conf_fini(&conf);
	return status;
}
