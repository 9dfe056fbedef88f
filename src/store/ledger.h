/**
 * The ledger: the append-only log of facts, the only truth the server keeps.
 *
 * Two files in the state directory: `ledger.db` with the facts and their hash chain,
 * and `keys.db` with one key per meeting that has something personal (keyring.h).
 *
 * A fact gets its place at once, in memory, and is written soon after by a thread of
 * its own, in groups; what says "it has happened" to the outside must wait until
 * ledger_durable() has reached its seq. All functions belong to the thread that opened
 * the ledger; the writing thread is never seen.
 *
 *   ledger_open -> ledger_replay -> ledger_start -> ledger_append ... -> ledger_stop
 */
#ifndef PARAVENT_STORE_LEDGER_H
#define PARAVENT_STORE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fact.h"
#include "store/chore.h"
#include "store/views.h"
#include "store/why.h"

#define LEDGER_QUEUE_MAX 10000	/* facts that may wait to be written */
#define LEDGER_QUEUE_HIGH 8000	/* from here on it is not writable */

struct ledger;

/**
 * Opens the ledger in `state_dir`, makes directory and files where they are missing
 * (0700, 0600), brings an older schema up to date, and checks what a start can afford:
 * the last 1000 links of the chain and, up to 32 MB, SQLite's quick_check. The rest is
 * ledger_verify()'s, which the server runs every night (app/nightcheck.h).
 *
 * why: on failure, the sentence for the operator.
 *
 * Returns 0, ERR_CORRUPT, ERR_VERSION (a newer schema), ERR_UNKNOWN (not our file),
 * ERR_LOCKED (another process has it open for writing), ERR_AGAIN (the disk is full, or
 * somebody holds a file) or ERR_IO.
 */
int ledger_open(struct ledger **out, const char *state_dir, struct why *why);

/* fact: borrowed, with `personal` in clear text, or empty when its key was erased. */
typedef int ledger_fact_fn(void *arg, const struct fact *fact);

/**
 * Reads all facts in order, each checked against the chain; before ledger_start().
 *
 * Returns 0; what `fn` returned if that was not zero; ERR_CORRUPT at a fact that does
 * not fit; ERR_VERSION at a kind that this version does not know; ERR_IO. The sentence
 * for the last three is in `why`.
 */
int ledger_replay(struct ledger *l, ledger_fact_fn *fn, void *arg, struct why *why);

/**
 * The same for those facts only that a start needs to know, so that its time does not
 * grow with the age of the ledger, in the order of seq:
 *
 * - whole streams of meetings that are not over, of those that were over for less than
 *   an hour when the last fact was made (what people were given for the relay may outlive
 *   them so long), and of those among the last facts of all, whose end a crash may have
 *   cut in the middle;
 * - of streams `key/...` and `staff/...` the facts that changed something, and the last;
 * - the last fact of stream `server`.
 *
 * Each is checked against the hash of the fact before it, whatever that is about.
 */
int ledger_replay_live(struct ledger *l, ledger_fact_fn *fn, void *arg, struct why *why);

/**
 * Makes the views anew from the facts (views_rebuild()), before ledger_start(). While
 * the thread runs a chore does the same.
 */
int ledger_rebuild(struct ledger *l, views_progress_fn *progress, void *arg,
		   struct why *why);

/* Starts the writing thread. Returns 0, or ERR_IO when there is none to be had. */
int ledger_start(struct ledger *l);

/**
 * Takes a copy of the fact into the queue; never waits, also before ledger_start().
 * Writes its place into fact->seq and fact->at (never smaller than the one before).
 * fact->version must be the next of its stream.
 *
 * Returns the seq, or 0 when the queue is full or the ledger is broken; the fact then
 * counts as not having happened.
 */
uint64_t ledger_append(struct ledger *l, struct fact *fact);

/**
 * From here on appended facts do not wake the thread, until ledger_write() does: so that
 * all that one turn of the caller's loop decides is one commit, and not a first one of
 * one fact and a second one of the rest.
 */
void ledger_gather(struct ledger *l);
void ledger_write(struct ledger *l);

/**
 * Takes a chore (chore.h), to be run after all facts that were taken before; also
 * before ledger_start(). done() is called in any case, never from in here.
 */
void ledger_chore(struct ledger *l, struct chore *c);

/**
 * Whether new commands may be taken: false while the disk refuses and while the queue
 * is above LEDGER_QUEUE_HIGH. ledger_append() goes on taking facts while there is
 * room, for what cannot be refused (somebody left).
 */
bool ledger_writable(const struct ledger *l);

/**
 * Whether writing failed in such a way that nobody knows what reached the disk, or a
 * fact did not fit the table. Nothing is written from then on: the process should end
 * and let its successor read what is there.
 */
bool ledger_broken(const struct ledger *l);

/* The last fact that is on disk for good; 0 while there is none. */
uint64_t ledger_durable(const struct ledger *l);

/* The last fact taken, durable or not. */
uint64_t ledger_last(const struct ledger *l);

/**
 * Readable when ledger_durable(), ledger_writable() or ledger_broken() may have
 * changed, at most once per commit, and when a chore was run. Call ledger_clear()
 * first, which also calls done() of the chores that are; then look.
 */
int ledger_fd(const struct ledger *l);
void ledger_clear(struct ledger *l);

struct ledger_stats {
	uint64_t queued;	/* facts taken and not yet durable */
	uint64_t commits;	/* since the start */
	uint64_t facts;		/* written since the start */
	uint64_t refusals;	/* commits that the disk refused and that were tried anew */
	uint64_t wal_pages;	/* in the write-ahead log, not yet in the file */
	struct why error;	/* the last trouble; empty if there was none */
};
void ledger_stats(const struct ledger *l, struct ledger_stats *stats);

/**
 * Writes what is queued, empties the write-ahead log and ends the thread. A disk that
 * still refuses is asked once more and then left alone; ledger_durable() says how far
 * it came. Chores whose turn has not come are done with ERR_UNAVAILABLE.
 */
void ledger_stop(struct ledger *l);

/* Stops if need be and frees; accepts NULL. */
void ledger_close(struct ledger *l);

#endif
