#include "proto/reportpage.h"

#include <stdio.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/sha2.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/reportstyle.h"
#include "proto/reportwords.h"

#define SPACE "\302\240"		/* that does not break */
#define DAY_MS 86400000

struct page {
	struct buf *b;
	const struct report *r;
	int64_t made_at;
	enum reportpage_lang lang;
	int64_t day;			/* that the visit was on, since 1970 */
	unsigned int hosts, guests;	/* numbered so far */
};

const char *const reportpage_langs[] = {
#define X(symbol, tag, point) tag,
	REPORTPAGE_LANGS(X)
#undef X
	NULL,
};

static const char points[] = {
#define X(symbol, tag, point) point,
	REPORTPAGE_LANGS(X)
#undef X
};

/* --- Small things --------------------------------------------------------------------- */

/* Everything that is not ours goes through here, in text and in attributes. */
static void put_escaped(struct buf *b, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			buf_puts(b, "&amp;");
			break;
		case '<':
			buf_puts(b, "&lt;");
			break;
		case '>':
			buf_puts(b, "&gt;");
			break;
		case '"':
			buf_puts(b, "&quot;");
			break;
		case '\'':
			buf_puts(b, "&#39;");
			break;
		default:
			buf_putc(b, *s);
		}
	}
}

static const char *say(const struct page *p, enum report_word word)
{
	return report_word(word, p->lang);
}

static int64_t day_of(int64_t at)
{
	return at / DAY_MS;
}

/* "2026-11-20 09:30:00", the day apart so that the style may step it back. */
static void put_time(const struct page *p, int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];

	if (!at) {
		buf_puts(p->b, "–");
		return;
	}
	clock_rfc3339(text, at / 1000 * 1000);
	buf_printf(p->b, "<time datetime=\"%s\"><span class=\"day\">%.10s</span> "
		   "%.8s</time>", text, text, text + 11);
}

/* The same without the day that the visit was on, which stands above the table. */
static void put_time_of_day(const struct page *p, int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];

	if (!at || day_of(at) != p->day) {
		put_time(p, at);
		return;
	}
	clock_rfc3339(text, at / 1000 * 1000);
	buf_printf(p->b, "<time datetime=\"%s\">%.8s</time>", text, text + 11);
}

/* "42 min 05 s", of one piece; seconds are left out from an hour on. */
static void put_duration(const struct page *p, int64_t ms)
{
	const int64_t s = ms / 1000;

	if (s < 60)
		buf_printf(p->b, "%lld" SPACE "s", (long long)s);
	else if (s < 3600)
		buf_printf(p->b, "%lld" SPACE "min" SPACE "%02lld" SPACE "s",
			   (long long)s / 60, (long long)s % 60);
	else
		buf_printf(p->b, "%lld" SPACE "h" SPACE "%02lld" SPACE "min",
			   (long long)s / 3600, (long long)s / 60 % 60);
}

/* "12.3 MB", in thousands as disks and tariffs count. */
static void put_bytes(const struct page *p, uint64_t n)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	size_t unit = 0;

	if (n < 1000) {
		buf_printf(p->b, "%llu B", (unsigned long long)n);
		return;
	}
	for (; n >= 1000000; n /= 1000)
		unit++;
	buf_printf(p->b, "%llu%c%llu %s", (unsigned long long)n / 1000, points[p->lang],
		   (unsigned long long)n % 1000 / 100, units[unit]);
}

/* --- What a value is called ----------------------------------------------------------- */

static enum report_word kind_word(enum plan_kind kind)
{
	static const enum report_word words[] = {
		[PLAN_CONSULTATION] = WORD_CONSULTATION,
		[PLAN_THERAPY] = WORD_THERAPY,
		[PLAN_CLASS] = WORD_CLASS,
		[PLAN_OTHER] = WORD_OTHER,
	};

	return words[kind];
}

/* A status that is newer than these words is shown as it is. */
static const char *say_status(const struct page *p)
{
	static const struct {
		const char *status;
		enum report_word word;
	} words[] = {
		{"scheduled", WORD_SCHEDULED},
		{"open", WORD_OPEN},
		{"ended", WORD_ENDED},
		{"cancelled", WORD_CANCELLED},
		{"expired", WORD_EXPIRED},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(p->r->status, words[i].status) == 0)
			return say(p, words[i].word);
	return p->r->status;
}

static enum report_word actor_word(const char *actor)
{
	if (strcmp(actor, "host") == 0 || strncmp(actor, "participant:", 12) == 0)
		return WORD_BY_HOST;
	return strcmp(actor, "server") == 0 ? WORD_BY_SERVER : WORD_BY_PRACTICE;
}

static enum report_word path_word(const struct report *r)
{
	static const enum report_word words[] = {
		[SIGMSG_NO_PATH] = WORD_NOT_TOLD,
		[SIGMSG_DIRECT] = WORD_DIRECT,
		[SIGMSG_RELAY_UDP] = WORD_RELAY_UDP,
		[SIGMSG_RELAY_TCP] = WORD_RELAY_TCP,
		[SIGMSG_RELAY_TLS] = WORD_RELAY_TLS,
	};

	return r->path_mixed ? WORD_MIXED : words[r->path];
}

static enum report_word proof_word(enum report_proof proof)
{
	static const enum report_word words[] = {
		[REPORT_NO_PROOF] = WORD_NOT_TOLD,
		[REPORT_VERIFIED] = WORD_VERIFIED,
		[REPORT_UNVERIFIED] = WORD_UNVERIFIED,
		[REPORT_REFUSED] = WORD_REFUSED,
	};

	return words[proof];
}

static const char *say_end(const struct page *p, const struct report_person *who)
{
	static const enum report_word words[] = {
		[REPORT_LEFT] = WORD_END_LEFT,
		[REPORT_LOST] = WORD_END_LOST,
		[REPORT_REPLACED] = WORD_END_REPLACED,
		[REPORT_ENDED] = WORD_END_ENDED,
		[REPORT_RESTART] = WORD_END_RESTART,
		[REPORT_DENIED] = WORD_END_DENIED,
		[REPORT_REMOVED] = WORD_END_REMOVED,
	};

	if (who->end != REPORT_STAYS)
		return say(p, words[who->end]);
	return say(p, who->inside_since ? WORD_STILL_INSIDE : WORD_STILL_WAITING);
}

/* --- Its parts ------------------------------------------------------------------------ */

/* Opens a pair of the two lists of facts; put_end() closes it. */
static void put_name(const struct page *p, enum report_word name)
{
	buf_printf(p->b, "<div><dt>%s</dt><dd>", say(p, name));
}

static void put_end(const struct page *p)
{
	buf_puts(p->b, "</dd></div>\n");
}

static void put_fact(const struct page *p, enum report_word name, const char *value)
{
	put_name(p, name);
	put_escaped(p->b, value);
	put_end(p);
}

static void put_fact_time(const struct page *p, enum report_word name, int64_t at)
{
	put_name(p, name);
	put_time(p, at);
	put_end(p);
}

static void put_head(const struct page *p, const char *practice)
{
	struct buf *b = p->b;

	buf_printf(b, "<!doctype html>\n<html lang=\"%s\">\n<meta charset=\"utf-8\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width, "
		   "initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n"
		   "<title>%s %.10s</title>\n<style>%s</style>\n<main>\n"
		   "<header>\n<p class=\"practice\">",
		   reportpage_langs[p->lang], say(p, WORD_REPORT), p->r->id, reportstyle);
	put_escaped(b, practice);
	buf_printf(b, "</p>\n<h1>%s</h1>\n", say(p, WORD_REPORT));
	if (p->r->erased)
		buf_printf(b, "<p class=\"note\">%s</p>\n", say(p, WORD_ERASED));
	if (!p->r->over_at)
		buf_printf(b, "<p class=\"note\">%s</p>\n", say(p, WORD_GOES_ON));
	buf_printf(b, "<p class=\"together\"><span>%s</span> <b>", say(p, WORD_TOGETHER));
	put_duration(p, report_together_ms(p->r, p->made_at));
	buf_puts(b, "</b></p>\n</header>\n");
}

static void put_visit(const struct page *p)
{
	const struct report *r = p->r;

	buf_printf(p->b, "<section>\n<h2>%s</h2>\n<dl>\n", say(p, WORD_VISIT));
	if (r->plan.title[0])
		put_fact(p, WORD_TITLE, r->plan.title);
	if (r->plan.host_name[0])
		put_fact(p, WORD_HOST_NAME, r->plan.host_name);
	put_fact(p, WORD_KIND, say(p, kind_word(r->plan.kind)));
	put_fact(p, WORD_STATUS, say_status(p));
	put_fact_time(p, WORD_STARTS, r->plan.starts_at);
	put_name(p, WORD_LENGTH);
	buf_printf(p->b, "%u min", (unsigned int)r->plan.minutes);
	put_end(p);
	put_fact_time(p, WORD_CREATED, r->created_at);
	put_fact_time(p, WORD_OPENED, r->opened_at);
	put_name(p, WORD_OVER);
	put_time(p, r->over_at);
	if (r->over_at && r->over_by[0])
		buf_printf(p->b, ", %s", say(p, actor_word(r->over_by)));
	put_end(p);
	buf_puts(p->b, "</dl>\n</section>\n");
}

static void put_call(const struct page *p)
{
	const struct report *r = p->r;

	buf_printf(p->b, "<section>\n<h2>%s</h2>\n<dl>\n", say(p, WORD_CALL));
	put_fact(p, WORD_PATH, say(p, path_word(r)));
	put_fact(p, WORD_PROOF, say(p, proof_word(r->verified)));
	put_name(p, WORD_RECONNECTS);
	buf_printf(p->b, "%u ×", (unsigned int)r->reconnects);
	put_end(p);
	if (r->relay_up || r->relay_down || r->relay_seconds) {
		put_name(p, WORD_RELAY_UP);
		put_bytes(p, r->relay_up);
		put_end(p);
		put_name(p, WORD_RELAY_DOWN);
		put_bytes(p, r->relay_down);
		put_end(p);
		put_name(p, WORD_RELAY_TIME);
		put_duration(p, (int64_t)r->relay_seconds * 1000);
		put_end(p);
	}
	buf_puts(p->b, "</dl>\n</section>\n");
}

static void open_cell(const struct page *p, enum report_word name)
{
	buf_printf(p->b, "<td data-name=\"%s\"><span>", say(p, name));
}

static void close_cell(const struct page *p)
{
	buf_puts(p->b, "</span></td>");
}

static void put_cell_time(const struct page *p, enum report_word name, int64_t at)
{
	open_cell(p, name);
	put_time_of_day(p, at);
	close_cell(p);
}

static void put_person(struct page *p, const struct report_person *who)
{
	const unsigned int number = who->host ? ++p->hosts : ++p->guests;

	buf_puts(p->b, "<tr>");
	open_cell(p, WORD_WHO);
	buf_printf(p->b, "%s %u <code>", say(p, who->host ? WORD_HOST : WORD_GUEST), number);
	put_escaped(p->b, who->id);
	buf_puts(p->b, "</code>");
	close_cell(p);
	put_cell_time(p, WORD_CAME, who->waiting_at);
	open_cell(p, WORD_WAITED);
	if (who->waiting_at)
		put_duration(p, report_waited_ms(who, p->made_at));
	else
		buf_puts(p->b, "–");
	close_cell(p);
	put_cell_time(p, WORD_JOINED, who->joined_at);
	put_cell_time(p, WORD_LEFT, who->left_at);
	open_cell(p, WORD_INSIDE);
	put_duration(p, report_inside_ms(who, p->made_at));
	close_cell(p);
	open_cell(p, WORD_AWAY);
	buf_printf(p->b, "%u", (unsigned int)who->away);
	close_cell(p);
	open_cell(p, WORD_END);
	buf_puts(p->b, say_end(p, who));
	close_cell(p);
	buf_puts(p->b, "</tr>\n");
}

static void put_people(struct page *p)
{
	/* who was admitted came in at that moment */
	static const enum report_word columns[] = {
		WORD_WHO, WORD_CAME, WORD_WAITED, WORD_JOINED, WORD_LEFT, WORD_INSIDE,
		WORD_AWAY, WORD_END,
	};
	char day[CLOCK_RFC3339_SIZE];
	size_t i;

	clock_rfc3339(day, p->day * DAY_MS);
	buf_printf(p->b, "<section>\n<h2>%s <span class=\"day\">%.10s</span></h2>\n",
		   say(p, WORD_PEOPLE), day);
	if (!p->r->people) {
		buf_printf(p->b, "<p>%s</p>\n</section>\n", say(p, WORD_NOBODY));
		return;
	}
	buf_puts(p->b, "<table>\n<thead><tr>");
	for (i = 0; i < ARRAY_LEN(columns); i++)
		buf_printf(p->b, "<th scope=\"col\">%s</th>", say(p, columns[i]));
	buf_puts(p->b, "</tr></thead>\n<tbody>\n");
	for (i = 0; i < p->r->people; i++)
		put_person(p, &p->r->person[i]);
	buf_puts(p->b, "</tbody>\n</table>\n");
	if (p->r->people_more)
		buf_printf(p->b, "<p class=\"note\">%s %llu</p>\n", say(p, WORD_MORE),
			   (unsigned long long)p->r->people_more);
	buf_puts(p->b, "</section>\n");
}

static void put_foot(const struct page *p)
{
	buf_printf(p->b, "<footer>\n<p>%s <code>", say(p, WORD_MEETING));
	put_escaped(p->b, p->r->id);
	buf_printf(p->b, "</code> · %s ", say(p, WORD_MADE_AT));
	put_time(p, p->made_at);
	buf_printf(p->b, "</p>\n<p>%s</p>\n</footer>\n</main>\n</html>\n",
		   say(p, WORD_FROM_LOG));
}

void reportpage_put(struct buf *b, const struct report *r, int64_t made_at,
		    const char *practice, enum reportpage_lang lang)
{
	struct page p = {.b = b, .r = r, .made_at = made_at, .lang = lang};

	p.day = day_of(r->opened_at ? r->opened_at : r->plan.starts_at);
	put_head(&p, practice);
	buf_puts(b, "<div class=\"facts\">\n");
	put_visit(&p);
	put_call(&p);
	buf_puts(b, "</div>\n");
	put_people(&p);
	put_foot(&p);
}

void reportpage_policy(char out[REPORTPAGE_POLICY_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char hash[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1];
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, strlen(reportstyle), (const uint8_t *)reportstyle);
	sha256_digest(&h, sizeof(digest), digest);
	base64_encode_raw(hash, sizeof(digest), digest);
	hash[sizeof(hash) - 1] = '\0';
	snprintf(out, REPORTPAGE_POLICY_SIZE,
		 "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
		 "form-action 'none'; frame-ancestors 'none'", hash);
}
