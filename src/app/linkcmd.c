#include "app/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "app/options.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/dial.h"
#include "proto/json.h"

static const char help[] =
	"usage: paravent link [-c FILE] [--listen ADDRESS:PORT]\n\n"
	"Makes a meeting on the server that runs on this machine and prints two lines:\n"
	"the host's link, to keep, and the guest's link, to send.\n\n"
	"  -c, --config FILE  the server's configuration\n"
	"  -l, --listen A:P   where it listens, if not as configured\n";

#define ANSWER_MAX 65536

/* One request, its whole answer. */
static int ask(struct buf *answer, const char *where, const struct conf *conf)
{
	struct buf request = BUF_INIT, why = BUF_INIT;
	struct conf_addr addr;
	int err = conf_addr(&addr, where);

	if (err)
		buf_puts(&why, "is no ADDRESS:PORT");
	buf_printf(&request, "POST /api/meetings HTTP/1.1\r\nHost: %s\r\n"
			     "Content-Length: 0\r\nConnection: close\r\n\r\n", where);
	if (!err)
		err = dial_ask(answer, (struct sockaddr *)&addr.sa, addr.len,
			       *conf->tls_certificate ? conf->tls_certificate : NULL,
			       &request, ANSWER_MAX, &why);
	if (err)
		fprintf(stderr, "paravent link: %s: %s\n", where, why.p);
	if (err == ERR_UNAVAILABLE)
		fputs("Start it with: paravent serve\n", stderr);
	buf_fini(&request);
	buf_fini(&why);
	return err;
}

static int print_links(const struct buf *answer)
{
	const char *body = strstr(answer->p, "\r\n\r\n");
	struct json_member m[64];
	char host[512], guest[512];
	const struct json_member *h, *g;
	int n;

	if (strncmp(answer->p, "HTTP/1.1 201 ", 13) != 0 || !body)
		return -1;
	body += 4;
	n = json_scan(m, ARRAY_LEN(m), body, strlen(body));
	if (n < 0)
		return -1;
	h = json_find(m, n, "hostUrl");
	g = json_find(m, n, "joinUrl");
	if (!h || !g || json_get_string(h, host, sizeof(host)) < 0 ||
	    json_get_string(g, guest, sizeof(guest)) < 0)
		return -1;
	printf("host   %s\nguest  %s\n", host, guest);
	return 0;
}

int cmd_link(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"listen", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL, *where = NULL;
	struct buf answer = BUF_INIT;
	struct conf conf;
	int status, c;

	while ((c = getopt_long(argc, argv, "c:l:h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'l':
			where = optarg;
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
	if (!where)
		where = conf.listen.item[0];
	status = EXIT_FAILED;
	if (ask(&answer, where, &conf) == 0) {
		if (print_links(&answer) == 0)
			status = EXIT_OK;
		else if (strncmp(answer.p, "HTTP/1.1 401 ", 13) == 0)
			fputs("paravent link: this server makes meetings for its staff "
			      "and for API keys alone (access = staff).\n"
			      "Make a key with: paravent key add LABEL\n", stderr);
		else
			fprintf(stderr, "paravent link: the server did not make a "
					"meeting. It said: %.*s\n",
				(int)strcspn(answer.p, "\r\n"), answer.p);
	}
	buf_fini(&answer);
	conf_fini(&conf);
	return status;
}
