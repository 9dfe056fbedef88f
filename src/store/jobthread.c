#include "store/jobthread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* First in, first out. */
struct jobs {
	struct jobthread_job *first, **end;
	size_t count;
};

struct jobthread {
	struct jobthread_plan plan;
	pthread_t thread;
	bool started;
	int fd;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct jobs asked, done;	/* these three under the lock */
	bool stop;
};

static void jobs_init(struct jobs *j)
{
	j->first = NULL;
	j->end = &j->first;
	j->count = 0;
}

static void jobs_put(struct jobs *j, struct jobthread_job *job)
{
	job->next = NULL;
	*j->end = job;
	j->end = &job->next;
	j->count++;
}

static struct jobthread_job *jobs_take(struct jobs *j)
{
	struct jobthread_job *job = j->first;

	if (job) {
		j->first = job->next;
		j->count--;
		if (!j->first)
			j->end = &j->first;
	}
	return job;
}

static void *work_for_ever(void *arg)
{
	const uint64_t one = 1;
	struct jobthread *t = arg;
	struct jobthread_job *job;
	ssize_t n;

	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		job = jobs_take(&t->asked);
		if (!job) {
			pthread_cond_wait(&t->wake, &t->lock);
			continue;
		}
		pthread_mutex_unlock(&t->lock);
		job->why.text[0] = '\0';
		job->err = t->plan.run(t->plan.arg, job, &job->why);
		pthread_mutex_lock(&t->lock);
		jobs_put(&t->done, job);
		/* fails only when it is readable anyway */
		n = write(t->fd, &one, sizeof(one));
		(void)n;
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

int jobthread_new(struct jobthread **out, const struct jobthread_plan *plan,
		  struct why *why)
{
	struct jobthread *t = mem_new(sizeof(*t));

	t->plan = *plan;
	jobs_init(&t->asked);
	jobs_init(&t->done);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->fd < 0) {
		why_set(why, ERR_IO, "eventfd: %s", strerror(errno));
		jobthread_free(t);
		return ERR_IO;
	}
	*out = t;
	return 0;
}

int jobthread_start(struct jobthread *t, struct why *why)
{
	sigset_t all, before;
	int failed;

	/* signals are for the thread that runs the loop */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&t->thread, NULL, work_for_ever, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return why_set(why, ERR_IO, "no thread: %s", strerror(failed));
	t->started = true;
	pthread_setname_np(t->thread, t->plan.name);
	return 0;
}

int jobthread_fd(const struct jobthread *t)
{
	return t->fd;
}

/* All that is in the list hears of it; a callee may ask anew. */
static void tell(struct jobthread *t, struct jobs *list)
{
	struct jobthread_job *job;

	while ((job = jobs_take(list)))
		t->plan.done(job, job->err, &job->why);
}

void jobthread_clear(struct jobthread *t)
{
	struct jobs list;
	uint64_t count;
	ssize_t n;

	/* nothing to read is as good as read */
	n = read(t->fd, &count, sizeof(count));
	(void)n;
	pthread_mutex_lock(&t->lock);
	list = t->done;
	if (!list.first)
		list.end = &list.first;
	jobs_init(&t->done);
	pthread_mutex_unlock(&t->lock);
	tell(t, &list);
}

int jobthread_ask(struct jobthread *t, struct jobthread_job *job, size_t max)
{
	int err = ERR_UNAVAILABLE;

	pthread_mutex_lock(&t->lock);
	if (!t->stop && t->asked.count < max) {
		jobs_put(&t->asked, job);
		pthread_cond_signal(&t->wake);
		err = 0;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

size_t jobthread_waiting(struct jobthread *t)
{
	size_t count;

	pthread_mutex_lock(&t->lock);
	count = t->asked.count;
	pthread_mutex_unlock(&t->lock);
	return count;
}

void jobthread_stop(struct jobthread *t)
{
	struct jobthread_job *job;

	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	if (t->started)
		pthread_join(t->thread, NULL);
	t->started = false;
	tell(t, &t->done);
	while ((job = jobs_take(&t->asked))) {
		job->err = why_set(&job->why, ERR_UNAVAILABLE, "the %s has stopped",
				   t->plan.name);
		t->plan.done(job, job->err, &job->why);
	}
}

void jobthread_free(struct jobthread *t)
{
	if (!t)
		return;
	jobthread_stop(t);
	if (t->fd >= 0)
		close(t->fd);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
