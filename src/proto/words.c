#include "proto/words.h"

#include <string.h>

#include "base/err.h"

void words_put(struct buf *b, const struct word *all, unsigned int set)
{
	const char *between = "";

	for (; all->name; all++) {
		if (!(set & all->bit))
			continue;
		buf_puts(b, between);
		buf_puts(b, all->name);
		between = ",";
	}
}

static unsigned int bit_of(const struct word *all, const char *s, size_t len)
{
	for (; all->name; all++)
		if (strlen(all->name) == len && memcmp(all->name, s, len) == 0)
			return all->bit;
	return 0;
}

int words_get(unsigned int *set, const struct word *all, const char *s, size_t len)
{
	const char *end = s + len, *comma;
	unsigned int found = 0, bit;

	do {
		comma = memchr(s, ',', (size_t)(end - s));
		bit = bit_of(all, s, (size_t)((comma ? comma : end) - s));
		if (!bit)
			return ERR_UNKNOWN;
		if (found & bit)
			return ERR_DUPLICATE;
		found |= bit;
		s = comma ? comma + 1 : end;
	} while (comma);
	*set = found;
	return 0;
}
