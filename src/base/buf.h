/**
 * A byte buffer that grows. What is put in from outside must have been bounded by the
 * caller; the buffer itself has no limit. Always NUL-terminated behind `len`, so that
 * text can be read as a string.
 */
#ifndef PARAVENT_BASE_BUF_H
#define PARAVENT_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *p;	/* never NULL; not ours to free while cap is 0 */
	size_t len, cap;
};

extern char buf_nothing[1];
#define BUF_INIT {buf_nothing, 0, 0}

void buf_init(struct buf *b);
void buf_fini(struct buf *b);			/* frees; b is empty and usable again */
void buf_reset(struct buf *b);			/* empties, keeps the memory */
void buf_reserve(struct buf *b, size_t more);	/* room for `more` further bytes */
void buf_put(struct buf *b, const void *p, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *b, size_t len);	/* removes from the front */

/* Gives the memory to the caller (free() it) and leaves b empty. */
char *buf_detach(struct buf *b);

#endif
