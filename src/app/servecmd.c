#include "app/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "app/options.h"
#include "app/server.h"
#include "base/log.h"
#include "base/mem.h"

static const char help[] =
	"usage: paravent serve [-c FILE] [--listen ADDRESS:PORT]... [--state-dir DIR]\n\n"
	"  -c, --config FILE    the configuration (default " OPTIONS_CONF_PATH "\n"
	"                       where it exists, else the try-out on localhost)\n"
	"  -l, --listen A:P     listen there instead; may be given several times\n"
	"  -s, --state-dir DIR  keep the ledger there instead\n\n"
	"SIGHUP reads the configuration and the certificate again, SIGTERM stops.\n";

/* The addresses of the command line stand in for those of the file. */
static int add_listen(struct conf_list *list, const char *value)
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
	list->item = mem_resize(list->item, (list->count + 1) * sizeof(*list->item));
	list->item[list->count++] = mem_copy(value, strlen(value));
	return EXIT_OK;
}

static void list_clear(struct conf_list *list)
{
	while (list->count)
		free(list->item[--list->count]);
	free(list->item);
	list->item = NULL;
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
	struct conf_list listen = {.count = 0};
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
			list_clear(&listen);
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
	if (status != EXIT_OK) {
		list_clear(&listen);
		return status;
	}
	if (listen.count) {
		list_clear(&conf.listen);
		conf.listen = listen;
	}
	if (state_dir)
		options_set(&conf.state_dir, state_dir);
	/* keys and tokens are in memory: no other process and no core file may look */
	prctl(PR_SET_DUMPABLE, 0);
	umask(077);
	log_init(conf.log_level);
	status = server_run(&conf, options_conf_path(path));
	conf_fini(&conf);
	return status;
}
