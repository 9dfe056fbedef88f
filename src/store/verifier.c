#include "store/verifier.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#define REST_MS 750	/* after each quarter of a second of work */

struct verifier {
	char *state_dir;
	int fd;
	pthread_t thread;
	bool started;			/* and not joined */

	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;			/* under the lock */

	/* the thread's, until it is joined */
	struct chain_head known;	/* well at the last time; seq 0: none */
	struct verify found;
	struct why why;
	int err;
};

int verifier_new(struct verifier **out, const char *state_dir, struct why *why)
{
	struct verifier *v;
	pthread_condattr_t attr;
	const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return why_set(why, ERR_IO, "eventfd: %s", strerror(errno));
	v = mem_new(sizeof(*v));
	v->fd = fd;
	v->state_dir = mem_copy(state_dir, strlen(state_dir));
	pthread_mutex_init(&v->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&v->wake, &attr);
	pthread_condattr_destroy(&attr);
	*out = v;
	return 0;
}

/* Outside of any transaction: rests a while, or hears that it is to stop. */
static bool rest(void *arg, uint64_t done, uint64_t of)
{
	struct verifier *v = arg;
	struct timespec until;
	bool stop;
	int rc = 0;

	(void)done;
	(void)of;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += REST_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&v->lock);
	while (!v->stop && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&v->wake, &v->lock, &until);
	stop = v->stop;
	pthread_mutex_unlock(&v->lock);
	return !stop;
}

static void *verify(void *arg)
{
	struct verifier *v = arg;
	const uint64_t one = 1;
	ssize_t done;

	v->err = ledger_verify(v->state_dir, v->known.seq ? &v->known : NULL, rest, v,
			       &v->found, &v->why);
	if (v->err == ERR_RANGE)	/* all is well; what we knew was cut meanwhile */
		v->err = 0;
	if (!v->err)
		v->known = v->found.head;
	done = write(v->fd, &one, sizeof(one));
	(void)done;
	return NULL;
}

bool verifier_begin(struct verifier *v)
{
	sigset_t all, before;
	int failed;

	if (v->started)
		return false;
	/* signals are for the thread that runs the loop */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&v->thread, NULL, verify, v);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return false;
	v->started = true;
	pthread_setname_np(v->thread, "verifier");
	return true;
}

int verifier_fd(const struct verifier *v)
{
	return v->fd;
}

int verifier_end(struct verifier *v, struct verify *found, struct why *why)
{
	uint64_t count;

	if (!v->started || read(v->fd, &count, sizeof(count)) < 0)
		return ERR_UNAVAILABLE;
	pthread_join(v->thread, NULL);
	v->started = false;
	*found = v->found;
	*why = v->why;
	return v->err;
}

void verifier_free(struct verifier *v)
{
	if (!v)
		return;
	pthread_mutex_lock(&v->lock);
	v->stop = true;
	pthread_cond_signal(&v->wake);
	pthread_mutex_unlock(&v->lock);
	if (v->started)
		pthread_join(v->thread, NULL);
	close(v->fd);
	pthread_cond_destroy(&v->wake);
	pthread_mutex_destroy(&v->lock);
	free(v->state_dir);
	free(v);
}
