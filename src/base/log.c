#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

static atomic_int max_level = LOG_INFO;
static atomic_bool journal;

/* Held while a line is on its way, so that lines of two threads never mix. */
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
static unsigned long dropped;		/* lines, since the last that went through */

/* systemd names the device and inode of the stream it gave us (sd-daemon(3)). */
static bool stderr_is_journal(void)
{
	const char *s = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return s && sscanf(s, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	       st.st_ino == ino;
}

void log_init(enum log_level level)
{
	max_level = level;
	journal = stderr_is_journal();
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "error";
	case LOG_WARN:
		return "warning";
	case LOG_NOTICE:
		return "notice";
	case LOG_DEBUG:
		return "debug";
	case LOG_INFO:
	default:
		return "info";
	}
}

/* Room for a prefix, for a text where each byte became \xNN, and for '\n'. */
#define TEXT_MAX 512
#define LINE_MAX_BYTES (64 + TEXT_MAX * 4)

/* A pipe that poll(2) calls writable takes this much without waiting (pipe(7)). */
#define NOTE_MAX_BYTES 128
_Static_assert(LINE_MAX_BYTES + NOTE_MAX_BYTES <= PIPE_BUF, "one write");

/* Writes what each line begins with; returns its length. */
static size_t put_prefix(char *line, size_t size, enum log_level level)
{
	char when[CLOCK_RFC3339_SIZE];

	if (journal)
		return (size_t)snprintf(line, size, "<%d>", (int)level);
	clock_rfc3339(when, clock_wall_ms());
	return (size_t)snprintf(line, size, "%-24s %-7s ", when, level_name(level));
}

/*
 * Never waits. O_NONBLOCK would be the easy way, but it belongs to the open file, which
 * our shell and whoever else holds it would then find changed.
 */
static bool put(const char *p, size_t len)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t n = send(STDERR_FILENO, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == ENOTSOCK && poll(&fd, 1, 0) == 1 &&
	    fd.revents & POLLOUT)
		n = write(STDERR_FILENO, p, len);
	return n > 0;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char text[TEXT_MAX], line[NOTE_MAX_BYTES + LINE_MAX_BYTES];
	size_t n = 0, len, i;
	va_list ap;

	if ((int)level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		len--;
	pthread_mutex_lock(&output);
	if (dropped) {
		n = put_prefix(line, sizeof(line), LOG_WARN);
		n += (size_t)snprintf(line + n, sizeof(line) - n,
				      "log: %lu lines were dropped, for nobody read "
				      "them\n", dropped);
	}
	n += put_prefix(line + n, sizeof(line) - n, level);
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c >= 0x7f)
			n += (size_t)snprintf(line + n, 5, "\\x%02x", c);
		else
			line[n++] = (char)c;
	}
	line[n++] = '\n';
	dropped = put(line, n) ? 0 : dropped + 1;
	pthread_mutex_unlock(&output);
}
