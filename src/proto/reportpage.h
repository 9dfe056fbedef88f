/**
 * The report of a meeting as a page to print, for people: one HTML document that needs
 * nothing else, so that a saved or mailed copy looks the same in ten years.
 */
#ifndef PARAVENT_PROTO_REPORTPAGE_H
#define PARAVENT_PROTO_REPORTPAGE_H

#include <stdint.h>

#include "base/buf.h"
#include "proto/report.h"

/* X(symbol, tag, decimal point) */
#define REPORTPAGE_LANGS(X)                                                   \
	X(REPORTPAGE_EN, "en", '.')                                           \
	X(REPORTPAGE_DE, "de", ',')                                           \
	X(REPORTPAGE_FR, "fr", ',')                                           \
	X(REPORTPAGE_ES, "es", ',')

enum reportpage_lang {
#define X(symbol, tag, point) symbol,
	REPORTPAGE_LANGS(X)
#undef X
	REPORTPAGE_LANG_COUNT
};

/* The tags in their order, then NULL. */
extern const char *const reportpage_langs[];

/* Appends the document. made_at, practice: as for report_put(). */
void reportpage_put(struct buf *b, const struct report *r, int64_t made_at,
		    const char *practice, enum reportpage_lang lang);

#define REPORTPAGE_POLICY_SIZE 256

/**
 * The Content-Security-Policy under which the page works: its own style sheet, by its
 * hash, and nothing else at all.
 */
void reportpage_policy(char out[REPORTPAGE_POLICY_SIZE]);

#endif
