#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "proto/fact.h"

static const struct {
	const char *name, *stream, *members, *meaning;
} rows[] = {
#define X(symbol, name, stream, members, meaning) {name, stream, members, meaning},
	FACT_KINDS(X)
#undef X
};

/* doc/facts.md, made of the table. */

static const char top[] =
	"# Facts\n\n"
	"The kinds of facts that the ledger keeps: `paravent log export`, `GET /api/events` and webhooks show them.\n"
	"Made from the table in `src/proto/fact.h` by `tests/unit/test_fact --print`; do not edit it.\n\n"
	"Members stand in the order in which they are written, sorted. One with `?` may be absent; in parentheses stand the values it may\n"
	"have, or what it is. Those under \"personal\" are sealed on disk and can be erased. Times are RFC 3339 in UTC, hashes are 64\n"
	"hexadecimal digits, ids of people, seats and invitations are 16 characters, `seconds` and `bytes...` are whole numbers. Newer\n"
	"versions add kinds and members; receivers ignore what they do not know.\n\n"
	"| kind | stream | data | personal | meaning |\n"
	"| --- | --- | --- | --- | --- |\n";

static const char *stream_of(const char *word)
{
	static const struct {
		const char *word, *text;
	} streams[] = {
		{"server", "`server`"}, {"meeting", "`meeting/<id>`"},
		{"staff", "`staff/<name>`"}, {"key", "`key/<id>`"},
	};

	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++)
		if (strcmp(streams[i].word, word) == 0)
			return streams[i].text;
	return NULL;
}

static void put_document(struct buf *b)
{
	buf_puts(b, top);
	for (size_t i = 0; i < FACT_KIND_COUNT; i++) {
		const char *members = rows[i].members, *bar = strchr(members, '|');
		const int open = bar ? (int)(bar - members - 1) : (int)strlen(members);

		buf_printf(b, "| `%s` | %s | %.*s | %s | %s |\n", rows[i].name,
			   stream_of(rows[i].stream), open, members, bar ? bar + 2 : "",
			   rows[i].meaning);
	}
}

START_TEST(test_the_document_is_up_to_date)
{
	/* fact.h: the table documents itself, in doc/facts.md */
	const char *dir = getenv("abs_srcdir");
	struct buf want = BUF_INIT, is = BUF_INIT;
	char path[512], part[1024];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/doc/facts.md", dir ? dir : ".");
	f = fopen(path, "r");
	if (f) {
		while ((n = fread(part, 1, sizeof(part), f)) > 0)
			buf_put(&is, part, n);
		fclose(f);
	}
	put_document(&want);
	ck_assert_msg(strcmp(is.p, want.p) == 0,
		      "%s is not what src/proto/fact.h says; renew it: "
		      "tests/unit/test_fact --print > %s", path, path);
	buf_fini(&want);
	buf_fini(&is);
}
END_TEST

START_TEST(test_each_row_is_well_formed)
{
	/* fact.h: stream is one of four; the kind's first word leads to it */
	for (size_t i = 0; i < FACT_KIND_COUNT; i++) {
		ck_assert_msg(stream_of(rows[i].stream), "%s", rows[i].name);
		ck_assert_ptr_nonnull(strchr(rows[i].name, '.'));
		ck_assert_int_eq(rows[i].meaning[strlen(rows[i].meaning) - 1], '.');
		ck_assert_ptr_null(strchr(rows[i].meaning, '|'));
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(rows[i].name, rows[k].name);
	}
}
END_TEST

START_TEST(test_names_and_kinds_go_both_ways)
{
	/* fact.h: 0, or ERR_UNKNOWN; a name is whole or nothing */
	enum fact_kind kind;

	for (size_t i = 0; i < FACT_KIND_COUNT; i++) {
		const char *name = fact_kind_name((enum fact_kind)i);

		ck_assert_int_eq(fact_kind_of(&kind, name, strlen(name)), 0);
		ck_assert_uint_eq(kind, i);
		ck_assert_int_eq(fact_kind_of(&kind, name, strlen(name) - 1),
				 ERR_UNKNOWN);
	}
	ck_assert_int_eq(fact_kind_of(&kind, "", 0), ERR_UNKNOWN);
	ck_assert_int_eq(fact_kind_of(&kind, "meeting.eaten", 13), ERR_UNKNOWN);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		test_the_document_is_up_to_date, test_each_row_is_well_formed,
		test_names_and_kinds_go_both_ways,
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		struct buf b = BUF_INIT;

		put_document(&b);
		fputs(b.p, stdout);
		buf_fini(&b);
		return EXIT_SUCCESS;
	}
	return unit_run("fact", tests, sizeof(tests) / sizeof(*tests));
}
