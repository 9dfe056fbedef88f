#include "app/commands.h"

#include <getopt.h>
#include <stdio.h>

#include "app/checkup.h"
#include "app/clients.h"
#include "app/issuers.h"
#include "app/options.h"
#include "app/webhooks.h"
#include "base/buf.h"

static const char help[] =
	"usage: paravent check [-c FILE] [--print]\n\n"
	"  -c, --config FILE  the configuration (default " OPTIONS_CONF_PATH "\n"
	"                     where it exists, else the defaults)\n"
	"  -p, --print        print all values that hold, and look at nothing else\n\n"
	"Looks at the configuration, the certificate, the clock, the log, its backups and\n"
	"the disk, and where a server runs, whether it is reached by its public name. What\n"
	"is wrong fails the check; a warning does not.\n";

static void check_webhooks(struct checkup *c, const struct conf *conf)
{
	struct buf why = BUF_INIT;

	if (webhooks_check_files(conf, &why) != 0)
		checkup_wrong(c, "webhook", "%s", why.p);
	buf_fini(&why);
}

static void check_issuers(struct checkup *c, const struct conf *conf)
{
	struct issuers *issuers = NULL;
	struct buf why = BUF_INIT;

	if (issuers_load(&issuers, conf, &why) != 0)
		checkup_wrong(c, "issuer", "%s", why.p);
	issuers_free(issuers);
	buf_fini(&why);
}

static void check_all(struct checkup *c, const struct conf *conf)
{
	checkup_good("access", "%s%s", conf_access_name(conf->access),
		     conf->access == CONF_ACCESS_OPEN ?
		     " (whoever reaches the server makes meetings)" : "");
	if (clients_are_hidden(conf))
		checkup_doubt(c, "proxy", CLIENTS_HIDDEN);
	checkup_certificate(c, conf);
	check_webhooks(c, conf);
	check_issuers(c, conf);
	checkup_machine(c, conf);
	if (checkup_server(c, conf))
		checkup_reach(c, conf);
}

static void print_conf(const struct conf *conf)
{
	struct buf text = BUF_INIT;

	conf_print(conf, &text);
	fputs(text.p, stdout);
	buf_fini(&text);
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"print", no_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL;
	struct checkup checkup = {.wrong = 0};
	struct conf conf;
	int print = 0, status, c;

	while ((c = getopt_long(argc, argv, "c:ph", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'p':
			print = 1;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "paravent check: '%s' is one word too many\n", argv[optind]);
		return EXIT_USAGE;
	}
	status = options_conf_load(&conf, path);
	if (status != EXIT_OK)
		return status;
	path = options_conf_path(path);
	if (print) {
		print_conf(&conf);
	} else {
		check_all(&checkup, &conf);
		if (!checkup.wrong)
			printf("%s: the configuration is good\n", path ? path : "(no file)");
	}
	status = checkup.wrong ? EXIT_FAILED : EXIT_OK;
	conf_fini(&conf);
	return status;
}
