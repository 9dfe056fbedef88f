#include "app/commands.h"

#include <getopt.h>
#include <stdio.h>

#include "app/adminclient.h"
#include "app/options.h"
#include "base/mem.h"
#include "proto/json.h"

static const char help[] =
	"usage: paravent link [-c FILE] [--state-dir DIR]\n\n"
	"Makes a meeting on the server that runs on this machine and prints two lines:\n"
	"the host's link, to keep, and the guest's link, to send.\n\n"
	"  -c, --config FILE    the server's configuration\n"
	"  -s, --state-dir DIR  where it keeps what it knows, if not as configured\n";

static int print_links(const struct adminclient_answer *answer)
{
	const struct json_member *h, *g;
	char host[512], guest[512];
	struct json_member m[64];
	int n = json_scan(m, ARRAY_LEN(m), answer->body.p, answer->body.len);

	h = n < 0 ? NULL : json_find(m, n, "hostUrl");
	g = n < 0 ? NULL : json_find(m, n, "joinUrl");
	if (!h || !g || json_get_string(h, host, sizeof(host)) < 0 ||
	    json_get_string(g, guest, sizeof(guest)) < 0) {
		fputs("paravent link: the server's answer is not understood\n", stderr);
		return EXIT_FAILED;
	}
	printf("host   %s\nguest  %s\n", host, guest);
	return EXIT_OK;
}

int cmd_link(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"state-dir", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL, *state_dir = NULL;
	struct adminclient_answer answer;
	struct conf conf;
	int status, c;

	while ((c = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 's':
			state_dir = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	status = options_conf_load(&conf, path);
	if (status != EXIT_OK)
		return status;
	if (adminclient_ask(&answer, "paravent link", state_dir ? state_dir : conf.state_dir,
			    "POST", "/admin/meetings", NULL) == 0) {
		status = print_links(&answer);
		mem_wipe(answer.body.p, answer.body.len);
		adminclient_fini(&answer);
	} else {
		status = EXIT_FAILED;
	}
	conf_fini(&conf);
	return status;
}
