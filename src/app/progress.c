#include "app/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define SILENT_MS 1000

void progress_init(struct progress *p, const char *what)
{
	p->what = what;
	p->terminal = isatty(STDERR_FILENO);
	p->shown = false;
	p->start = clock_mono_ms();
}

bool progress_step(void *arg, uint64_t done, uint64_t of)
{
	struct progress *p = arg;
	const uint64_t ms = clock_mono_ms() - p->start;
	unsigned int percent = 0;

	if (!p->terminal || ms < SILENT_MS)
		return true;
	if (of)
		percent = done < of ? (unsigned int)(done * 100 / of) : 100;
	fprintf(stderr, "\r\033[K%s %3u %%, %" PRIu64 " facts/s", p->what, percent,
		done * 1000 / ms);
	fflush(stderr);
	p->shown = true;
	return true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
