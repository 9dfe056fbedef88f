#include "app/commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/adminclient.h"
#include "app/options.h"
#include "base/clock.h"
#include "base/mem.h"
#include "proto/json.h"

static const char help[] =
	"usage: paravent drain [--timeout SECONDS] [-c FILE]\n"
	"       paravent drain --off [-c FILE]\n\n"
	"Before a restart: from now on no visit begins, those that run go on, and this\n"
	"waits until the last one is over. Whoever opens a link meanwhile is asked to try\n"
	"again soon. A restart, or --off, lets visits begin again.\n\n"
	"      --timeout SECONDS  wait no longer, and exit 1 if somebody is still inside;\n"
	"                         0 does not wait (default: as long as it takes)\n"
	"      --off              let visits begin again\n"
	"  -c, --config FILE      the configuration of the server that runs\n"
	"  -s, --state-dir DIR    where its ledger is, if not as configured\n";

#define COMMAND "paravent drain"
#define LOOK_EVERY_S 1

static int tell(const char *state_dir, const char *method)
{
	struct adminclient_answer answer;

	if (adminclient_ask(&answer, COMMAND, state_dir, method, "/admin/drain", NULL) != 0)
		return EXIT_FAILED;
	adminclient_fini(&answer);
	return EXIT_OK;
}

/* How many are inside; below zero when nobody says. */
static long inside(const char *state_dir)
{
	struct adminclient_answer answer;
	struct json_member m[32];
	char text[24];
	int n;

	if (adminclient_ask(&answer, COMMAND, state_dir, "GET", "/admin/status", NULL) != 0)
		return -1;
	n = json_scan(m, ARRAY_LEN(m), answer.body.p, answer.body.len);
	adminclient_text(text, sizeof(text), m, n, "inside");
	adminclient_fini(&answer);
	return n < 0 ? -1 : strtol(text, NULL, 10);
}

/* timeout: seconds; below zero for as long as it takes. */
static int wait_for_the_last(const char *state_dir, long timeout)
{
	uint64_t end = clock_mono_ms() + (uint64_t)timeout * 1000;
	long now, before = -1;

	while ((now = inside(state_dir)) > 0) {
		if (now != before)
			fprintf(stderr, "%ld inside\n", now);
		before = now;
		if (timeout >= 0 && clock_mono_ms() >= end) {
			fputs(COMMAND ": visits still run; no other begins. Wait again, or "
			      "take it back with: paravent drain --off\n", stderr);
			return EXIT_FAILED;
		}
		sleep(LOOK_EVERY_S);
	}
	if (now < 0)
		return EXIT_FAILED;
	puts("Nobody is inside, and no visit begins.");
	return EXIT_OK;
}

/* False when it is no number of seconds. */
static bool read_seconds(long *out, const char *text)
{
	char *end;

	*out = strtol(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *out <= 7 * 86400;
}

int cmd_drain(int argc, char **argv)
{
	const char *seconds = NULL;
	bool off = false;
	const struct options_own own[] = {
		{.name = "timeout", .value = &seconds},
		{.name = "off", .flag = &off},
		{.name = NULL},
	};
	struct options o;
	struct conf conf;
	long timeout = -1;
	int status = options_read(&o, argc, argv, own, help);

	if (status != OPTIONS_GO_ON)
		return status;
	if (o.words) {
		fprintf(stderr, COMMAND ": '%s' is one word too many\n", o.word[0]);
		return EXIT_USAGE;
	}
	if (seconds && !read_seconds(&timeout, seconds)) {
		fprintf(stderr, COMMAND ": --timeout %s: write seconds, up to a week\n",
			seconds);
		return EXIT_USAGE;
	}
	status = options_load(&conf, &o);
	if (status != EXIT_OK)
		return status;
	status = tell(conf.state_dir, off ? "DELETE" : "POST");
	if (status == EXIT_OK && !off)
		status = wait_for_the_last(conf.state_dir, timeout);
	conf_fini(&conf);
	return status;
}
