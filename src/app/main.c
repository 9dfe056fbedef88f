#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "base/mem.h"

#include "config.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{"serve", cmd_serve, "run the server"},
	{"check", cmd_check, "check the configuration and say what is wrong"},
	{"status", cmd_status, "say how the running server is"},
	{"drain", cmd_drain, "let visits end and none begin, before a restart"},
	{"link", cmd_link, "make a meeting on the running server, print its links"},
	{"staff", cmd_staff, "make and shut the accounts of the practice's staff"},
	{"key", cmd_key, "make, list and revoke API keys"},
	{"webhook", cmd_webhook, "list, test and replay webhooks"},
	{"log", cmd_log, "verify, export or follow the ledger"},
	{"rebuild", cmd_rebuild, "make the views anew from the ledger"},
	{"backup", cmd_backup, "copy the ledger while the server runs"},
	{"restore", cmd_restore, "put a backup in the ledger's place"},
};

static void usage(FILE *to)
{
	size_t i;

	fprintf(to, "Paravent: private video visits.\n\n"
		    "usage: paravent COMMAND [options]\n\n");
	for (i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].what);
	fprintf(to, "  %-8s %s\n  %-8s %s\n\n"
		    "'paravent COMMAND --help' says more. With no configuration at all,\n"
		    "'paravent serve' is a try-out on http://localhost:8080.\n",
		"version", "print the version", "help", "print this");
}

/* What could not be written was not said, and a new key is said only once. Whoever
 * closes the pipe (`| head`) has read enough. */
static int written(const char *name, int status)
{
	if (fflush(stdout) == 0 || status != EXIT_OK || errno == EPIPE)
		return status;
	fprintf(stderr, "paravent %s: writing: %s\n", name, strerror(errno));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(name, commands[i].name) == 0)
			return written(name, commands[i].run(argc - 1, argv + 1));
	}
	if (!strcmp(name, "version") || !strcmp(name, "--version")) {
		puts("paravent " PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h")) {
		usage(stdout);
		return EXIT_OK;
	}
	if (*name)
		fprintf(stderr, "paravent: there is no command '%s'\n\n", name);
	usage(stderr);
	return EXIT_USAGE;
}
