#include "store/reader.h"

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
	struct reader_job *first, **end;
	size_t count;
};

struct reader {
	struct query *query;		/* the thread's */
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

static void jobs_put(struct jobs *j, struct reader_job *job)
{
	job->next = NULL;
	*j->end = job;
	j->end = &job->next;
	j->count++;
}

static struct reader_job *jobs_take(struct jobs *j)
{
	struct reader_job *job = j->first;

	if (job) {
		j->first = job->next;
		j->count--;
		if (!j->first)
			j->end = &j->first;
	}
	return job;
}

static void run(struct reader *r, struct reader_job *job)
{
	job->why.text[0] = '\0';
	job->err = query_begin(r->query, &job->why);
	if (!job->err)
		job->err = job->run(job, r->query, &job->why);
	query_end(r->query);
}

static void *read_for_ever(void *arg)
{
	const uint64_t one = 1;
	struct reader *r = arg;
	struct reader_job *job;
	ssize_t n;

	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		job = jobs_take(&r->asked);
		if (!job) {
			pthread_cond_wait(&r->wake, &r->lock);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		run(r, job);
		pthread_mutex_lock(&r->lock);
		jobs_put(&r->done, job);
		/* fails only when it is readable anyway */
		n = write(r->fd, &one, sizeof(one));
		(void)n;
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static int start(struct reader *r, struct why *why)
{
	sigset_t all, before;
	int failed;

	/* signals are for the thread that runs the loop */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&r->thread, NULL, read_for_ever, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return why_set(why, ERR_IO, "no thread: %s", strerror(failed));
	r->started = true;
	pthread_setname_np(r->thread, "reader");
	return 0;
}

int reader_open(struct reader **out, const char *state_dir, struct why *why)
{
	struct reader *r = mem_new(sizeof(*r));
	int err;

	jobs_init(&r->asked);
	jobs_init(&r->done);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = r->fd < 0 ? why_set(why, ERR_IO, "eventfd: %s", strerror(errno)) : 0;
	if (!err)
		err = query_open(&r->query, state_dir, why);
	if (!err)
		err = start(r, why);
	if (err) {
		reader_close(r);
		return err;
	}
	*out = r;
	return 0;
}

int reader_fd(const struct reader *r)
{
	return r->fd;
}

/* All that is in the list hears of it; a callee may ask anew. */
static void tell(struct jobs *list)
{
	struct reader_job *job;

	while ((job = jobs_take(list)))
		job->done(job, job->err, &job->why);
}

void reader_clear(struct reader *r)
{
	struct jobs list;
	uint64_t count;
	ssize_t n;

	/* nothing to read is as good as read */
	n = read(r->fd, &count, sizeof(count));
	(void)n;
	pthread_mutex_lock(&r->lock);
	list = r->done;
	if (!list.first)
		list.end = &list.first;
	jobs_init(&r->done);
	pthread_mutex_unlock(&r->lock);
	tell(&list);
}

int reader_ask(struct reader *r, struct reader_job *job)
{
	int err = ERR_UNAVAILABLE;

	pthread_mutex_lock(&r->lock);
	if (!r->stop && r->asked.count < READER_QUEUE_MAX) {
		jobs_put(&r->asked, job);
		pthread_cond_signal(&r->wake);
		err = 0;
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

void reader_stop(struct reader *r)
{
	struct reader_job *job;

	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	if (r->started)
		pthread_join(r->thread, NULL);
	r->started = false;
	tell(&r->done);
	while ((job = jobs_take(&r->asked))) {
		job->err = why_set(&job->why, ERR_UNAVAILABLE, "the reader has stopped");
		job->done(job, job->err, &job->why);
	}
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	reader_stop(r);
	query_close(r->query);
	if (r->fd >= 0)
		close(r->fd);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
