#include "app/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "app/options.h"
#include "app/server.h"
#include "base/buf.h"
#include "base/log.h"
#include "net/file.h"

static const char help[] =
	"usage: paravent serve [-c FILE] [--listen ADDRESS:PORT]... [--state-dir DIR]\n\n"
	"  -c, --config FILE    the configuration (default " OPTIONS_CONF_PATH "\n"
	"                       where it exists, else the try-out on localhost)\n"
	"  -l, --listen A:P     listen there instead; may be given several times\n"
	"  -s, --state-dir DIR  keep the ledger there instead\n\n"
	"SIGHUP reads the configuration and the certificate again, SIGTERM stops.\n";

/* Addresses of the command line, which stand in for those of the file. */
struct listen {
	const char *where[CONF_LIST_MAX];
	size_t count;
};

static int add_listen(struct listen *list, const char *value)
{
	struct conf_addr addr;

	if (conf_addr(&addr, value) != 0) {
		fprintf(stderr, "paravent: --listen %s: write it as 127.0.0.1:8080 or "
				"[::1]:8080\n", value);
		return EXIT_USAGE;
	}
	if (list->count == CONF_LIST_MAX) {
		fprintf(stderr, "paravent: --listen may be given %d times\n",
			CONF_LIST_MAX);
		return EXIT_USAGE;
	}
	list->where[list->count++] = value;
	return EXIT_OK;
}

/* A new account has no ~/.local/state yet; a folder that somebody chose must be there. */
static int make_home(const char *state_dir)
{
	struct buf why = BUF_INIT;
	int err = file_make_parents(state_dir, &why);

	if (err)
		log_error("server not started: %s; set state-dir", why.p);
	buf_fini(&why);
	return err ? EXIT_FAILED : EXIT_OK;
}

int cmd_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"listen", required_argument, NULL, 'l'},
		{"state-dir", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static const struct rlimit no_core = {0, 0};
	struct listen listen = {.count = 0};
	const char *path = NULL, *state_dir = NULL;
	struct conf conf;
	int status = EXIT_OK, c;

	while (status == EXIT_OK &&
	       (c = getopt_long(argc, argv, "c:l:s:h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'l':
			status = add_listen(&listen, optarg);
			break;
		case 's':
			state_dir = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_OK;
		default:
			status = EXIT_USAGE;
		}
	}
	if (status == EXIT_OK && optind < argc) {
		fprintf(stderr, "paravent serve: '%s' is one word too many\n", argv[optind]);
		status = EXIT_USAGE;
	}
	if (status == EXIT_OK)
		status = options_conf_load(&conf, path);
	if (status != EXIT_OK)
		return status;
	if (listen.count)
		conf_set_listen(&conf, listen.where, listen.count);
	if (state_dir)
		options_set(&conf.state_dir, state_dir);
	/* keys and tokens are in memory: no other process and no core file may look */
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &no_core);
	umask(077);
	log_init(conf.log_level);
	if (conf.state_default && !state_dir)
		status = make_home(conf.state_dir);
	if (status == EXIT_OK)
		status = server_run(&conf, options_conf_path(path));
	conf_fini(&conf);
	return status;
}
