#include "app/past.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

struct past {
	struct reader_job job;
	past_fn *fn;		/* NULL: nobody waits any more */
	void *arg;
	char id[QUERY_ID_SIZE];
};

static int look(struct reader_job *job, struct query *q, struct why *why)
{
	struct past *p = CONTAINER_OF(job, struct past, job);
	struct query_meeting row;
	int err = query_meeting(q, p->id, strlen(p->id), &row, why);

	mem_wipe(&row, sizeof(row));
	return err;
}

static void on_looked(struct reader_job *job, int err, const struct why *why)
{
	struct past *p = CONTAINER_OF(job, struct past, job);

	if (err && err != ERR_NOT_FOUND && err != ERR_UNAVAILABLE) {
		log_error("looking up a meeting failed: %s", why->text);
		err = ERR_UNAVAILABLE;
	}
	if (p->fn)
		p->fn(p->arg, err);
	free(p);
}

struct past *past_ask(struct house *h, const char *id, past_fn *fn, void *arg)
{
	struct past *p = mem_new(sizeof(*p));

	p->job = (struct reader_job){.run = look, .done = on_looked};
	p->fn = fn;
	p->arg = arg;
	strncpy(p->id, id, sizeof(p->id) - 1);
	if (reader_ask(h->reader, &p->job) == 0)
		return p;
	free(p);
	return NULL;
}

void past_cancel(struct past *p)
{
	if (p)
		p->fn = NULL;
}
