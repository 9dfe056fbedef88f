#include "store/accounts.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

struct accounts {
	struct accountdb *db;		/* the thread's, once it runs */
	bool broken;			/* and this */
	struct jobthread *thread;
};

static struct accounts_job *job_of(struct jobthread_job *link)
{
	return CONTAINER_OF(link, struct accounts_job, link);
}

static int run(void *arg, struct jobthread_job *link, struct why *why)
{
	struct accounts_job *job = job_of(link);
	struct accounts *a = arg;
	int err;

	if (a->broken)
		return why_set(why, ERR_IO, "staff.db failed before: start the server "
			       "anew, which reads what is on disk");
	err = job->run(job, a->db, why);
	if (!err)
		err = accountdb_commit(a->db, why);
	if (err)
		accountdb_rollback(a->db);
	/* nobody knows what reached the disk, and more writing would not mend it */
	a->broken = err == ERR_IO || err == ERR_CORRUPT;
	return err;
}

static void done(struct jobthread_job *link, int err, const struct why *why)
{
	struct accounts_job *job = job_of(link);

	job->done(job, err, why);
}

int accounts_open(struct accounts **out, struct accountdb_session **sessions,
		  size_t *count, const char *state_dir, struct why *why)
{
	struct accounts *a = mem_new(sizeof(*a));
	const struct jobthread_plan plan = {"doorkeeper", a, run, done};
	int err;

	*sessions = NULL;
	err = accountdb_open(&a->db, state_dir, why);
	if (!err)
		err = accountdb_sessions(sessions, count, a->db, why);
	if (!err)
		err = jobthread_new(&a->thread, &plan, why);
	if (!err)
		err = jobthread_start(a->thread, why);
	if (err) {
		free(*sessions);
		accounts_close(a);
		return err;
	}
	*out = a;
	return 0;
}

int accounts_fd(const struct accounts *a)
{
	return jobthread_fd(a->thread);
}

void accounts_clear(struct accounts *a)
{
	jobthread_clear(a->thread);
}

size_t accounts_waiting(struct accounts *a)
{
	return jobthread_waiting(a->thread);
}

int accounts_ask(struct accounts *a, struct accounts_job *job)
{
	return jobthread_ask(a->thread, &job->link, SIZE_MAX);
}

void accounts_stop(struct accounts *a)
{
	jobthread_stop(a->thread);
}

void accounts_close(struct accounts *a)
{
	if (!a)
		return;
	jobthread_free(a->thread);
	accountdb_close(a->db);
	free(a);
}
