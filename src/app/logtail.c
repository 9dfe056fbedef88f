#include "app/logtail.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define ASK_MS 250

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* No SA_RESTART: what waits shall end. */
static void listen_for_the_end(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Waits a moment. False when it is over: we were told to stop, or the reader is gone. */
static bool wait_a_moment(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};	/* errors are told unasked */

	poll(&out, 1, ASK_MS);
	return !stopped && !out.revents;
}

/* Prints what has come since *done. */
static int print_new(struct export *x, uint64_t *done, struct why *why)
{
	uint64_t last;
	int err = export_last(x, &last, why);

	if (!err && last > *done)
		err = export_write(x, *done + 1, last, stdout, why);
	if (!err && last > *done)
		*done = last;
	return err;
}

int logtail(struct export *x, uint64_t lines, bool follow, struct why *why)
{
	uint64_t from, done;
	bool moved;
	int err;

	err = export_from_end(x, lines, &from, why);
	done = from;
	if (!err)
		err = print_new(x, &done, why);
	if (err || !follow)
		return err;
	listen_for_the_end();
	while (!err && wait_a_moment()) {
		err = export_moved(x, &moved, why);
		if (!err && moved)
			err = print_new(x, &done, why);
	}
	return stopped ? 0 : err;
}
