#include "net/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

struct worker {
	struct event_base *base;
	struct mailbox *mailbox;
	struct event *every_second;
	worker_tick_fn *tick;
	void *arg;
	pthread_t thread;
	bool started;
	struct letter stop;
};

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	w->tick(w->arg);
}

struct worker *worker_new(worker_tick_fn *tick, void *arg)
{
	static const struct timeval second = {.tv_sec = 1};
	struct worker *w = mem_new(sizeof(*w));

	w->tick = tick;
	w->arg = arg;
	w->base = event_base_new();
	if (!w->base)
		abort();
	w->mailbox = mailbox_new(w->base, arg);
	w->every_second = event_new(w->base, -1, EV_PERSIST, on_second, w);
	event_add(w->every_second, &second);
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	worker_stop(w);
	mailbox_free(w->mailbox);
	event_free(w->every_second);
	event_base_free(w->base);
	free(w);
}

struct event_base *worker_base(struct worker *w)
{
	return w->base;
}

static void *run(void *arg)
{
	struct worker *w = arg;

	event_base_dispatch(w->base);
	return NULL;
}

int worker_start(struct worker *w, const char *name)
{
	sigset_t all, before;
	int failed;

	/* signals are for the thread that runs the main loop */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return ERR_IO;
	w->started = true;
	pthread_setname_np(w->thread, name);
	return 0;
}

static void on_stop(void *arg, struct letter *l)
{
	struct worker *w = CONTAINER_OF(l, struct worker, stop);

	(void)arg;
	event_base_loopbreak(w->base);
}

void worker_stop(struct worker *w)
{
	if (w->started) {
		mailbox_send(w->mailbox, &w->stop, on_stop);
		pthread_join(w->thread, NULL);
		w->started = false;
	}
	mailbox_read(w->mailbox);
}

void worker_send(struct worker *w, struct letter *l, letter_fn *fn)
{
	mailbox_send(w->mailbox, l, fn);
}
