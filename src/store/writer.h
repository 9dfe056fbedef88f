/**
 * The thread that writes: takes all facts that wait, up to 1000, into one commit, and
 * says when they are durable. While a commit runs the next group gathers by itself,
 * and what one turn of the caller's loop decides is one group (writer_gather()).
 *
 *   RUNNING <-> REFUSED   the disk is full or locked: nothing is lost, tried anew
 *      |                  every 250 ms
 *      +-----> BROKEN     nobody knows what reached the disk; nothing is written again
 */
#ifndef PARAVENT_STORE_WRITER_H
#define PARAVENT_STORE_WRITER_H

#include <stdint.h>

#include <sqlite3.h>

#include "proto/fact.h"
#include "store/chain.h"
#include "store/chore.h"
#include "store/keyring.h"
#include "store/why.h"

struct writer;

enum writer_state {
	WRITER_RUNNING,
	WRITER_REFUSED,
	WRITER_BROKEN,
};

/**
 * db, keys: borrowed, and from writer_start() to writer_stop() the thread's alone.
 * head:     the end of the chain as it lies on disk.
 */
int writer_new(struct writer **out, sqlite3 *db, struct keyring *keys,
	       const struct chain_head *head, struct why *why);
void writer_free(struct writer *w);		/* stops; accepts NULL */

int writer_start(struct writer *w);		/* 0 or ERR_IO */
void writer_stop(struct writer *w);		/* for good */

/* Copies the fact, whose seq and `at` are given, to the end of the queue. */
void writer_put(struct writer *w, const struct fact *fact);

/* See ledger_gather() and ledger_write(). */
void writer_gather(struct writer *w);
void writer_write(struct writer *w);

/* Takes a chore to be run once `after` is durable; its done() is left to be called. */
void writer_chore(struct writer *w, struct chore *c, uint64_t after);

/* Calls done() of the chores that were run, or never will be. */
void writer_tell_chores(struct writer *w);

enum writer_state writer_state(const struct writer *w);
uint64_t writer_durable(const struct writer *w);

/* An eventfd: written to after each commit, chore and change of state. */
int writer_fd(const struct writer *w);

struct writer_stats {
	uint64_t commits, facts, refusals, wal_pages;
	struct why error;
};
void writer_stats(struct writer *w, struct writer_stats *stats);

#endif
