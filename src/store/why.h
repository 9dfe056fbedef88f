/**
 * The sentence that goes with an error: what a person needs to know about it, for the
 * terminal and the operator's log. An error code decides, a sentence explains.
 */
#ifndef PARAVENT_STORE_WHY_H
#define PARAVENT_STORE_WHY_H

struct why {
	char text[256];
};

/* Writes the sentence (cut to fit) and returns `err`. */
int why_set(struct why *why, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
