/**
 * Letters from any thread to the one whose event loop owns the mailbox: a list under a
 * mutex, and an eventfd that wakes the loop. This is all that two loops share.
 */
#ifndef PARAVENT_NET_MAILBOX_H
#define PARAVENT_NET_MAILBOX_H

#include <event2/event.h>

#include "base/list.h"

struct letter;

/* Reads a letter, in the thread of the mailbox; the letter is the callee's from here. */
typedef void letter_fn(void *arg, struct letter *l);

/* The head of whatever is to be said; who reads it finds the rest by CONTAINER_OF. */
struct letter {
	struct list link;
	letter_fn *fn;
};

struct mailbox;

/* base: borrowed, of the thread that reads. arg: first argument of every fn. */
struct mailbox *mailbox_new(struct event_base *base, void *arg);

/* Reads all that is there; for the thread of the mailbox, or when that has ended. */
void mailbox_read(struct mailbox *m);

/* Reads what is still inside. No other thread may know the mailbox any more. */
void mailbox_free(struct mailbox *m);		/* accepts NULL */

/* From any thread. Letters of one thread are read in the order they were sent. */
void mailbox_send(struct mailbox *m, struct letter *l, letter_fn *fn);

#endif
