#include "net/dial.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/err.h"

static int connect_to(int *fd, const struct sockaddr *sa, socklen_t sa_len,
		      struct buf *why)
{
	static const struct timeval patience = {.tv_sec = DIAL_PATIENCE_S};

	*fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0) {
		setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(*fd, sa, sa_len) == 0)
			return 0;
	}
	buf_printf(why, "no server answers: %s", strerror(errno));
	return ERR_UNAVAILABLE;
}

static int send_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return ERR_IO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int receive_all(int fd, struct buf *answer, size_t max)
{
	char part[4096];

	for (;;) {
		ssize_t n = recv(fd, part, sizeof(part), 0);

		if (n <= 0)
			return n == 0 ? 0 : ERR_IO;
		if (answer->len + (size_t)n > max)
			return ERR_TOO_BIG;
		buf_put(answer, part, (size_t)n);
	}
}

int dial_ask(struct buf *answer, const struct sockaddr *sa, socklen_t sa_len,
	     const struct buf *question, size_t max, struct buf *why)
{
	int fd, err = connect_to(&fd, sa, sa_len, why);

	if (!err) {
		err = send_all(fd, question->p, question->len);
		if (!err)
			err = receive_all(fd, answer, max);
		if (err)
			buf_printf(why, "the answer did not come whole: %s", err_text(err));
	}
	if (fd >= 0)
		close(fd);
	return err;
}
