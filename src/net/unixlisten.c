#include "net/unixlisten.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#define ACCEPTS_A_TURN 16
#define PAUSE_MS 100

struct unixlisten {
	struct loop *loop;
	unixlisten_stream_fn *on_stream;
	void *arg;
	struct event *ev;
	struct loop_timer pause;
	size_t connections;
	bool closed;		/* stays until the last connection is gone */
	int fd;
	struct sockaddr_un sa;
};

static void free_when_done(struct unixlisten *u)
{
	if (u->closed && !u->connections)
		free(u);
}

static void on_gone(void *arg, const struct sockaddr *peer)
{
	struct unixlisten *u = arg;

	(void)peer;
	u->connections--;
	free_when_done(u);
}

/* The mode of the socket says the same, and not on every system it is asked. */
static bool is_one_of_us(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void welcome(struct unixlisten *u, int fd)
{
	static const struct stream_events nobody;
	const struct sockaddr peer = {.sa_family = AF_UNIX};
	struct stream *s;

	if (!is_one_of_us(fd) || u->connections == UNIXLISTEN_CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	u->connections++;
	s = stream_new(u->loop, fd, &peer, NULL, &nobody, NULL, 0);
	stream_on_gone(s, on_gone, u);
	u->on_stream(u->arg, s);
}

static void on_pause_over(struct loop_timer *t)
{
	struct unixlisten *u = CONTAINER_OF(t, struct unixlisten, pause);

	event_add(u->ev, NULL);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct unixlisten *u = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int conn = accept4((int)fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn >= 0) {
			welcome(u, conn);
			continue;
		}
		/* without file descriptors accept() fails at once, again and again */
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
			event_del(u->ev);
			loop_timer_set(u->loop, &u->pause,
				       loop_now_ms(u->loop) + PAUSE_MS);
		}
		return;
	}
}

static int failed(int saved_errno, const char *path, struct buf *why)
{
	buf_printf(why, "%s: %s", path, strerror(saved_errno));
	switch (saved_errno) {
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_FORBIDDEN;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	}
	return ERR_IO;
}

static int remove_stale(const char *path, struct buf *why)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : failed(errno, path, why);
	if (!S_ISSOCK(st.st_mode)) {
		buf_printf(why, "%s is in the way: it is no socket; move it", path);
		return ERR_CONFLICT;
	}
	return unlink(path) < 0 ? failed(errno, path, why) : 0;
}

/* Nobody can connect before listen(), so the mode is right in time. */
static int open_socket(int *fd, const struct sockaddr_un *sa, struct buf *why)
{
	int err = 0;

	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0 || bind(*fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 ||
	    chmod(sa->sun_path, S_IRUSR | S_IWUSR) < 0 || listen(*fd, SOMAXCONN) < 0)
		err = failed(errno, sa->sun_path, why);
	if (err && *fd >= 0)
		close(*fd);
	return err;
}

int unixlisten_new(struct unixlisten **out, struct loop *l, const char *path,
		   unixlisten_stream_fn *on_stream, void *arg, struct buf *why)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct unixlisten *u;
	int fd, err;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		buf_printf(why, "%s is too long for a socket, which may have %zu bytes",
			   path, sizeof(sa.sun_path) - 1);
		return ERR_TOO_BIG;
	}
	strcpy(sa.sun_path, path);
	err = remove_stale(path, why);
	if (!err)
		err = open_socket(&fd, &sa, why);
	if (err)
		return err;
	u = mem_new(sizeof(*u));
	u->loop = l;
	u->on_stream = on_stream;
	u->arg = arg;
	u->fd = fd;
	u->sa = sa;
	loop_timer_init(&u->pause, on_pause_over);
	u->ev = event_new(loop_base(l), fd, EV_READ | EV_PERSIST, on_connection, u);
	event_add(u->ev, NULL);
	*out = u;
	return 0;
}

void unixlisten_free(struct unixlisten *u)
{
	if (!u)
		return;
	unlink(u->sa.sun_path);
	loop_timer_stop(u->loop, &u->pause);
	event_free(u->ev);
	close(u->fd);
	u->closed = true;
	free_when_done(u);
}
