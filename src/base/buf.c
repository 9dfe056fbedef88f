#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

char buf_nothing[1];

void buf_init(struct buf *b)
{
	b->p = buf_nothing;
	b->len = b->cap = 0;
}

void buf_fini(struct buf *b)
{
	if (b->cap)
		free(b->p);
	buf_init(b);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->cap)
		b->p[0] = '\0';
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t want = b->len + more + 1;

	if (want <= b->cap)
		return;
	if (want < 64)
		want = 64;
	if (want < b->cap + b->cap / 2)
		want = b->cap + b->cap / 2;
	b->p = mem_resize(b->cap ? b->p : NULL, want);
	b->cap = want;
	b->p[b->len] = '\0';
}

void buf_put(struct buf *b, const void *p, size_t len)
{
	if (!len)
		return;
	buf_reserve(b, len);
	memcpy(b->p + b->len, p, len);
	b->len += len;
	b->p[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[256];	/* most texts fit, and are then formatted once */
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < (int)sizeof(small)) {
		if (n > 0)
			buf_put(b, small, (size_t)n);
		return;
	}
	buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf_drop(struct buf *b, size_t len)
{
	if (!len)
		return;
	memmove(b->p, b->p + len, b->len - len);
	b->len -= len;
	b->p[b->len] = '\0';
}

char *buf_detach(struct buf *b)
{
	char *p;

	buf_reserve(b, 0);
	p = b->p;
	buf_init(b);
	return p;
}
