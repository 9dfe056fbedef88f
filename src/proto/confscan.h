/**
 * A first look at a configuration file, before libconfuse gets it.
 *
 * libconfuse stops at the first unknown key, miscounts lines behind comments, lets a
 * value run on to the next quotation mark however far away, skips characters that it
 * does not know, and keeps the state of its lexer for the next file when one ends
 * inside quotes. So here keys are listed with their lines, mistakes of spelling are
 * named, and comments are blanked. A text without mistakes libconfuse reads well; one
 * with mistakes must not reach it.
 */
#ifndef PARAVENT_PROTO_CONFSCAN_H
#define PARAVENT_PROTO_CONFSCAN_H

#include <stdbool.h>
#include <stddef.h>

struct confscan {
	char *p, *end;		/* what is still to be read */
	char *word;		/* the bare word before the cursor, or NULL */
	size_t word_len;
	bool wants_value;	/* right behind '=' */
	unsigned line;
};

struct confscan_item {
	unsigned line;		/* from 1 */
	const char *key;	/* borrowed from the text; NULL: a mistake */
	size_t key_len;
	const char *mistake;	/* a sentence; static */
};

/* text: borrowed while the scan lasts, and written to; need not end with NUL. */
void confscan_init(struct confscan *s, char *text, size_t len);

/* The next key or mistake; false at the end. */
bool confscan_next(struct confscan *s, struct confscan_item *out);

#endif
