#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

static enum log_level max_level = LOG_INFO;
static bool journal;

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

/* Room for the prefix, for a line where each byte became \xNN, and for '\n'. */
#define TEXT_MAX 512
#define LINE_MAX_BYTES (64 + TEXT_MAX * 4)

void log_line(enum log_level level, const char *fmt, ...)
{
	char text[TEXT_MAX], line[LINE_MAX_BYTES], when[CLOCK_RFC3339_SIZE];
	const unsigned char *s;
	size_t n;
	ssize_t done;
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (journal) {
		n = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	} else {
		clock_rfc3339(when, clock_wall_ms());
		n = (size_t)snprintf(line, sizeof(line), "%-24s %-7s ", when,
				     level_name(level));
	}
	for (s = (unsigned char *)text; *s && n < sizeof(line) - 6; s++) {
		if (*s < 0x20 || *s >= 0x7f)
			n += (size_t)snprintf(line + n, 5, "\\x%02x", *s);
		else
			line[n++] = (char)*s;
	}
	line[n++] = '\n';
	/* one write(2), so that lines of two threads never mix */
	done = write(STDERR_FILENO, line, n);
	(void)done;
}
