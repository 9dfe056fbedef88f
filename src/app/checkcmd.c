#include "app/commands.h"

#include <getopt.h>
#include <stdio.h>

#include "app/issuers.h"
#include "app/options.h"
#include "app/webhooks.h"
#include "base/buf.h"
#include "base/clock.h"
#include "net/tls.h"

static const char help[] =
	"usage: paravent check [-c FILE] [--print]\n\n"
	"  -c, --config FILE  the configuration (default " OPTIONS_CONF_PATH "\n"
	"                     where it exists, else the defaults)\n"
	"  -p, --print        print all values that hold\n";

/* Whether the certificate can be used, and for how long. */
static int check_certificate(const struct conf *conf)
{
	struct buf why = BUF_INIT;
	struct tls *tls;
	int days, status = EXIT_OK;

	if (!conf->tls_certificate[0])
		return EXIT_OK;
	if (tls_new(&tls, conf->tls_certificate, conf->tls_key, &why) != 0) {
		fprintf(stderr, "%s\n", why.p);
		status = EXIT_FAILED;
	} else {
		days = tls_days_left(tls, clock_wall_ms());
		if (days < 0) {
			fprintf(stderr, "%s: the certificate has ended; renew it\n",
				conf->tls_certificate);
			status = EXIT_FAILED;
		} else {
			printf("certificate: %d days left\n", days);
		}
		tls_free(tls);
	}
	buf_fini(&why);
	return status;
}

static int check_webhooks(const struct conf *conf)
{
	struct buf why = BUF_INIT;
	int err = webhooks_check_files(conf, &why);

	if (err)
		fprintf(stderr, "%s\n", why.p);
	buf_fini(&why);
	return err ? EXIT_FAILED : EXIT_OK;
}

static int check_issuers(const struct conf *conf)
{
	struct buf why = BUF_INIT;
	struct issuers *issuers = NULL;
	int err = issuers_load(&issuers, conf, &why);

	if (err)
		fprintf(stderr, "%s\n", why.p);
	issuers_free(issuers);
	buf_fini(&why);
	return err ? EXIT_FAILED : EXIT_OK;
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
	struct buf text = BUF_INIT;
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
	status = check_certificate(&conf);
	if (check_webhooks(&conf) != EXIT_OK)
		status = EXIT_FAILED;
	if (check_issuers(&conf) != EXIT_OK)
		status = EXIT_FAILED;
	if (print) {
		conf_print(&conf, &text);
		fputs(text.p, stdout);
		buf_fini(&text);
	} else if (status == EXIT_OK) {
		printf("access: %s%s\n", conf_access_name(conf.access),
		       conf.access == CONF_ACCESS_OPEN ?
		       " (whoever reaches the server makes meetings)" : "");
		printf("%s: the configuration is good\n", path ? path : "(no file)");
	}
	conf_fini(&conf);
	return status;
}
