/**
 * How far a long command is, on a terminal: one line on stderr that is written over and
 * gone at the end. Elsewhere, and before a second has passed, it says nothing.
 */
#ifndef PARAVENT_APP_PROGRESS_H
#define PARAVENT_APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;	/* "verifying" */
	bool terminal, shown;
	uint64_t start;		/* clock_mono_ms() */
};

void progress_init(struct progress *p, const char *what);

/* As the store calls back; arg: the struct. Always true: to go on. */
bool progress_step(void *arg, uint64_t done, uint64_t of);

/* Clears the line; say what came out after that. Harmless twice. */
void progress_end(struct progress *p);

#endif
