#include "store/reader.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

struct reader {
	struct query *query;		/* the thread's */
	struct jobthread *thread;
};

static struct reader_job *job_of(struct jobthread_job *link)
{
	return CONTAINER_OF(link, struct reader_job, link);
}

static int run(void *arg, struct jobthread_job *link, struct why *why)
{
	struct reader_job *job = job_of(link);
	struct reader *r = arg;
	int err = query_begin(r->query, why);

	if (!err)
		err = job->run(job, r->query, why);
	query_end(r->query);
	return err;
}

static void done(struct jobthread_job *link, int err, const struct why *why)
{
	struct reader_job *job = job_of(link);

	job->done(job, err, why);
}

int reader_open(struct reader **out, const char *state_dir, struct why *why)
{
	struct reader *r = mem_new(sizeof(*r));
	const struct jobthread_plan plan = {"reader", r, run, done};
	int err;

	err = jobthread_new(&r->thread, &plan, why);
	if (!err)
		err = query_open(&r->query, state_dir, why);
	if (!err)
		err = jobthread_start(r->thread, why);
	if (err) {
		reader_close(r);
		return err;
	}
	*out = r;
	return 0;
}

int reader_fd(const struct reader *r)
{
	return jobthread_fd(r->thread);
}

void reader_clear(struct reader *r)
{
	jobthread_clear(r->thread);
}

int reader_ask(struct reader *r, struct reader_job *job)
{
	return jobthread_ask(r->thread, &job->link, READER_QUEUE_MAX);
}

void reader_stop(struct reader *r)
{
	jobthread_stop(r->thread);
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	jobthread_free(r->thread);
	query_close(r->query);
	free(r);
}
