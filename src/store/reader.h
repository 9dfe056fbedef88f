/**
 * The thread that reads: lists, pages of events, reports. It has a connection of its
 * own (query.h), so reading never holds up the writing of facts, nor the loop.
 *
 * What it reads is what is durable: a fact that was appended and is not on disk yet is
 * not seen, one that is (ledger_durable()) is.
 */
#ifndef PARAVENT_STORE_READER_H
#define PARAVENT_STORE_READER_H

#include "store/jobthread.h"
#include "store/query.h"
#include "store/why.h"

#define READER_QUEUE_MAX 256	/* jobs that may wait */

struct reader;

/* Lies inside of the asker's struct and stays where it is until done(). */
struct reader_job {
	/**
	 * On the reader's thread, within one read transaction: all its queries see the
	 * same moment. It must end within a second, which the limits of query.h see
	 * to, for a reader holds back the write-ahead log.
	 */
	int (*run)(struct reader_job *job, struct query *q, struct why *why);

	/**
	 * On the owner's thread, out of reader_clear() or reader_stop(); exactly once.
	 *
	 * err: of run(); or ERR_UNAVAILABLE when the reader was stopped first.
	 * why: the sentence of an error; borrowed.
	 */
	void (*done)(struct reader_job *job, int err, const struct why *why);

	struct jobthread_job link;	/* the reader's */
};

/**
 * Opens the ledger in `state_dir`, which must be there already (ledger_open()), for
 * reading, and starts the thread. Errors as query_open(), or ERR_IO.
 */
int reader_open(struct reader **out, const char *state_dir, struct why *why);

/* Ends the thread after the job it is at; the others are done with ERR_UNAVAILABLE, and
 * so much is whoever asks from then on told. */
void reader_stop(struct reader *r);

/* Stops if need be and frees; accepts NULL. */
void reader_close(struct reader *r);

/* Readable when jobs are done; then call reader_clear(), which calls their done(). */
int reader_fd(const struct reader *r);
void reader_clear(struct reader *r);

/* Queues the job. Returns 0, or ERR_UNAVAILABLE when READER_QUEUE_MAX wait already or
 * the reader has stopped; done() is not called then. */
int reader_ask(struct reader *r, struct reader_job *job);

#endif
