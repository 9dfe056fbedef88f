#include "net/sdnotify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

struct sdnotify {
	struct sockaddr_un to;
	socklen_t to_len;
	int fd;			/* -1: nobody wants to hear */
	uint64_t watchdog_ms;
};

/* A path, or with '@' a name in the abstract namespace. */
static void find_socket(struct sdnotify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(n->to.sun_path) || (*path != '/' && *path != '@'))
		return;
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, path, len);
	if (*path == '@')
		n->to.sun_path[0] = '\0';
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* sd_watchdog_enabled(3): the interval is for the process that WATCHDOG_PID names. */
static uint64_t watchdog_of_environment(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!us || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(us, NULL, 10) / 1000;
}

struct sdnotify *sdnotify_new(void)
{
	struct sdnotify *n = mem_new(sizeof(*n));

	n->fd = -1;
	find_socket(n);
	if (n->fd >= 0)
		n->watchdog_ms = watchdog_of_environment();
	return n;
}

void sdnotify_free(struct sdnotify *n)
{
	if (!n)
		return;
	if (n->fd >= 0)
		close(n->fd);
	free(n);
}

void sdnotify_say(struct sdnotify *n, const char *text)
{
	if (n->fd >= 0)
		sendto(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		       (struct sockaddr *)&n->to, n->to_len);
}

uint64_t sdnotify_watchdog_ms(const struct sdnotify *n)
{
	return n->watchdog_ms;
}
