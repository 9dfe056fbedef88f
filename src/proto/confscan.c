#include "proto/confscan.h"

#include <string.h>

#define UNPRINTABLE '\x7f'

void confscan_init(struct confscan *s, char *text, size_t len)
{
	size_t i;

	*s = (struct confscan){.p = text, .end = text + len, .line = 1};
	/* editors on Windows begin with a mark that says "UTF-8" */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		memset(text, ' ', 3);
	/* one of them is enough to look for, and no NUL ends a string early */
	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 && !memchr("\t\n\r", text[i], 3))
			text[i] = UNPRINTABLE;
	}
}

static bool at(const struct confscan *s, const char *what)
{
	size_t len = strlen(what);

	return (size_t)(s->end - s->p) >= len && memcmp(s->p, what, len) == 0;
}

/* The end of the line that `p` is in. */
static char *line_end(const struct confscan *s, char *p)
{
	char *nl = memchr(p, '\n', (size_t)(s->end - p));

	return nl ? nl : s->end;
}

static void forget_words(struct confscan *s)
{
	s->before.p = s->word.p = NULL;
}

static bool mistake(struct confscan *s, struct confscan_item *out, const char *sentence)
{
	*out = (struct confscan_item){.line = s->line, .mistake = sentence};
	forget_words(s);
	s->wants_value = false;
	return true;
}

/* Blanks a comment up to `to`; the lines stay. */
static void blank(struct confscan *s, char *to)
{
	for (; s->p < to; s->p++) {
		if (*s->p == '\n')
			s->line++;
		else
			*s->p = ' ';
	}
}

/* Behind the '}' of a ${NAME} at `p`, or NULL when it is not on this line. */
static char *variable_end(const struct confscan *s, char *p)
{
	char *close = memchr(p, '}', (size_t)(line_end(s, p) - p));

	return close ? close + 1 : NULL;
}

/* Steps over a quoted value. Returns what is wrong with it, or NULL. */
static const char *quoted(struct confscan *s)
{
	char quote = *s->p, *p = s->p + 1, *end = line_end(s, p);

	while (p < end && *p != quote) {
		char next = p + 1 < end ? p[1] : '\0';

		if (*p == '\\') {
			if (quote == '"' && next >= '0' && next <= '9')
				return "a backslash before a digit; write \\\\ for a "
				       "backslash";
			p += 2;
		} else if (quote == '"' && *p == '$' && next == '{') {
			p = variable_end(s, p);
			if (!p)
				return "${ without }; write \\$ for a dollar sign";
		} else {
			p++;
		}
	}
	if (p >= end)
		return "a quotation mark is opened and not closed on this line";
	s->p = p + 1;
	return NULL;
}

static bool is_word(char c)
{
	return !strchr(" \t\r\n#\"'={}()+,*\x7f", c);
}

static void add_word(struct confscan *s, const char *p, size_t len, bool in_quotes)
{
	s->before = s->word;
	s->word = (struct confscan_span){p, len};
	s->quoted = in_quotes;
}

/* Steps over a word, a quoted value or a sign. Returns what is wrong, or NULL. */
static const char *step(struct confscan *s)
{
	const char *start = s->p, *sentence;

	s->wants_value = false;
	if (*s->p == '"' || *s->p == '\'') {
		sentence = quoted(s);
		if (!sentence)
			add_word(s, start + 1, (size_t)(s->p - start) - 2, true);
		return sentence;
	}
	if (*s->p == UNPRINTABLE)
		return "an unprintable character";
	if (*s->p == '*')
		return "what holds a * must stand in quotation marks";
	if (at(s, "${")) {
		forget_words(s);
		s->p = variable_end(s, s->p);
		return s->p ? NULL : "${ without }";
	}
	if (!is_word(*s->p)) {
		forget_words(s);
		s->p++;
		return NULL;
	}
	while (s->p < s->end && is_word(*s->p) && !at(s, "/*"))
		s->p++;
	add_word(s, start, (size_t)(s->p - start), false);
	return NULL;
}

/* At '{': a list begins, or a block. Whether `out` was written. */
static bool opened(struct confscan *s, struct confscan_item *out)
{
	if (s->in_list || s->wants_value) {
		s->wants_value = false;
		s->in_list = true;
		return false;
	}
	if (!s->word.p)
		return mistake(s, out, "a { that opens nothing; its name stands before "
				       "it on the same line");
	if (s->block.p)
		return mistake(s, out, "a block within a block; is a } missing?");
	s->block = s->before.p ? s->before : s->word;
	s->block_line = s->line;
	*out = (struct confscan_item){.line = s->line, .block = s->block};
	if (s->before.p)
		out->title = s->word;
	forget_words(s);
	return true;
}

static void closed(struct confscan *s)
{
	forget_words(s);
	if (!s->in_list)
		s->block.p = NULL;
	s->in_list = s->wants_value = false;
}

bool confscan_next(struct confscan *s, struct confscan_item *out)
{
	const char *sentence;
	char *close, *start;

	while (s->p < s->end || s->wants_value) {
		if (s->p == s->end || *s->p == '\n') {
			if (s->wants_value)
				return mistake(s, out, "nothing behind the =; write "
						       "\"\" for no value");
			forget_words(s);
			s->line++;
			s->p++;
		} else if (*s->p == '#' || at(s, "//")) {
			blank(s, line_end(s, s->p));
		} else if (at(s, "/*")) {
			start = s->p + 2;
			close = memmem(start, (size_t)(s->end - start), "*/", 2);
			if (!close) {
				s->p = s->end;
				return mistake(s, out, "a comment is opened and never "
						       "closed");
			}
			blank(s, close + 2);
		} else if (strchr(" \t\r+", *s->p)) {
			s->p++;
		} else if (*s->p == '=' && s->word.p && !s->quoted) {
			*out = (struct confscan_item){.line = s->line, .key = s->word,
						      .block = s->block};
			forget_words(s);
			s->wants_value = true;
			s->p++;
			return true;
		} else if (*s->p == '{') {
			s->p++;
			if (opened(s, out))
				return true;
		} else if (*s->p == '}') {
			s->p++;
			closed(s);
		} else {
			start = s->p;
			sentence = step(s);
			if (sentence) {
				s->p = line_end(s, start);
				return mistake(s, out, sentence);
			}
		}
	}
	if (!s->block.p)
		return false;
	s->line = s->block_line;
	s->block.p = NULL;
	return mistake(s, out, "a block is opened here and never closed");
}
