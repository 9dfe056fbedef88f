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

/* Bytes of the text; p is NULL where there is nothing. */
struct confscan_span {
	const char *p;
	size_t len;
};

struct confscan {
	char *p, *end;		/* what is still to be read */
	struct confscan_span before, word;	/* the last two of this line */
	bool quoted;		/* `word` was, and has lost its quotes */
	struct confscan_span block;	/* the name of the one that is open */
	unsigned block_line;
	bool wants_value;	/* right behind '=' */
	bool in_list;
	unsigned line;
};

/*
 * One of three: a mistake; a key, in a block or outside; or a block that opens here
 * (`name "title" {`, on one line), with nothing but its name and title.
 */
struct confscan_item {
	unsigned line;			/* from 1 */
	struct confscan_span key;
	struct confscan_span block;	/* that the key is in, or that opens */
	struct confscan_span title;	/* of the block that opens */
	const char *mistake;		/* a sentence; static */
};

/* text: borrowed while the scan lasts, and written to; need not end with NUL. */
void confscan_init(struct confscan *s, char *text, size_t len);

/* The next key, block or mistake; false at the end. */
bool confscan_next(struct confscan *s, struct confscan_item *out);

#endif
