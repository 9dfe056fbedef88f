#include "app/commands.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "app/options.h"
#include "base/buf.h"
#include "base/mem.h"
#include "proto/json.h"

static const char help[] =
	"usage: paravent link [-c FILE] [--listen ADDRESS:PORT]\n\n"
	"Makes a meeting on the server that runs on this machine and prints two lines:\n"
	"the host's link, to keep, and the guest's link, to send.\n\n"
	"  -c, --config FILE  the server's configuration\n"
	"  -l, --listen A:P   where it listens, if not as configured\n";

#define ANSWER_MAX 65536

static int dial(const char *where)
{
	static const struct timeval patience = {.tv_sec = 10};
	struct conf_addr addr;
	int fd;

	if (conf_addr(&addr, where) != 0) {
		fprintf(stderr, "paravent link: %s is no ADDRESS:PORT\n", where);
		return -1;
	}
	fd = socket(addr.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(fd, (struct sockaddr *)&addr.sa, addr.len) == 0)
			return fd;
	}
	fprintf(stderr, "paravent link: no server answers on %s: %s\n"
			"Start it with: paravent serve\n", where, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One request, its whole answer. */
static int ask(int fd, const char *where, struct buf *answer)
{
	char chunk[4096];
	struct buf request = BUF_INIT;
	ssize_t n;

	buf_printf(&request, "POST /api/meetings HTTP/1.1\r\nHost: %s\r\n"
			     "Content-Length: 0\r\nConnection: close\r\n\r\n", where);
	n = send(fd, request.p, request.len, MSG_NOSIGNAL);
	buf_fini(&request);
	if (n < 0)
		return -1;
	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0) {
		if (answer->len + (size_t)n > ANSWER_MAX)
			return -1;
		buf_put(answer, chunk, (size_t)n);
	}
	return n < 0 ? -1 : 0;
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
	int status, fd, c;

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
	fd = dial(where);
	if (fd >= 0) {
		if (ask(fd, where, &answer) == 0 && print_links(&answer) == 0)
			status = EXIT_OK;
		else
			fprintf(stderr, "paravent link: the server did not make a "
					"meeting. It said: %.*s\n",
				(int)strcspn(answer.p, "\r\n"), answer.p);
		close(fd);
	}
	buf_fini(&answer);
	conf_fini(&conf);
	return status;
}
