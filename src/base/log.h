/**
 * The operator's log: one line per step of a life, on stderr. Under journald each line
 * starts with its <priority>, on a terminal with the time.
 *
 * `room 7f3a opened host=1 waiting=2`: module, short id, past verb, key=value. Never
 * names, links, tokens, addresses or SDP. Control bytes in values are escaped, so that
 * one call is one line whatever it was given; a newline at the end is left out.
 *
 * Logging never waits: when nobody reads a full pipe, lines are dropped, and the next
 * one that goes through says how many. Any thread may log.
 */
#ifndef PARAVENT_BASE_LOG_H
#define PARAVENT_BASE_LOG_H

enum log_level {
	LOG_ERROR = 3,	/* sd-daemon(3) priorities */
	LOG_WARN = 4,
	LOG_NOTICE = 5,
	LOG_INFO = 6,
	LOG_DEBUG = 7,
};

/* Lines above `level` are left out from here on. */
void log_init(enum log_level level);

void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
