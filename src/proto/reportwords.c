#include "proto/reportwords.h"

static const char *const words[][REPORTPAGE_LANG_COUNT] = {
#define X(symbol, en, de, fr, es) {en, de, fr, es},
	REPORT_WORDS(X)
#undef X
};

const char *report_word(enum report_word word, enum reportpage_lang lang)
{
	return words[word][lang];
}
