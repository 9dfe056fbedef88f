#include <signal.h>
#include <stdint.h>

#include "base/err.h"
#include "store/export.h"

#include "storekit.h"

static struct export *open_it(struct kit *k, enum export_format format)
{
	struct export *x = NULL;
	int err = export_open(&x, k->dir, format, &k->why);

	ck_assert_msg(err == 0, "export_open: %s", k->why.text);
	return x;
}

/* What an export writes, as a string that the caller frees. */
static char *export_as(struct kit *k, enum export_format format, uint64_t from,
		       uint64_t to, int want)
{
	struct export *x = open_it(k, format);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(export_head(x, out, &k->why), 0);
	err = export_write(x, from, to, out, &k->why);
	ck_assert_msg(err == want, "%d: %s", err, k->why.text);
	fclose(out);
	export_close(x);
	return text;
}

static char *export(struct kit *k, uint64_t from, uint64_t to, int want)
{
	return export_as(k, EXPORT_JSONL, from, to, want);
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

START_TEST(test_a_fact_is_one_line_of_json)
{
	/* export.h: the members, their order, RFC 3339, the hash in hex */
	char want[512], at[CLOCK_RFC3339_SIZE];
	struct ledger *l;
	struct fact f;
	struct kit k;
	char *text;

	kit_init(&k);
	l = kit_start(&k);
	kit_fact(&f, "meeting/a", 1, FACT_MEETING_CREATED, "{\"capacity\":2}",
		 "{\"title\":\"Tea\"}");
	strcpy(f.actor, "jwt:\"a\\b\"\n");
	ck_assert_uint_eq(ledger_append(l, &f), 1);
	ledger_close(l);
	clock_rfc3339(at, f.at);
	snprintf(want, sizeof(want), "{\"seq\":1,\"at\":\"%s\",\"stream\":\"meeting/a\","
		 "\"version\":1,\"kind\":\"meeting.created\","
		 "\"actor\":\"jwt:\\\"a\\\\b\\\"\\u000a\",\"data\":{\"capacity\":2},"
		 "\"personal\":{\"title\":\"Tea\"},\"hash\":\"", at);
	text = export(&k, 1, UINT64_MAX, 0);
	ck_assert_msg(strncmp(text, want, strlen(want)) == 0, "%s\n%s", text, want);
	ck_assert_uint_eq(strspn(text + strlen(want), "0123456789abcdef"), 64);
	ck_assert_str_eq(text + strlen(want) + 64, "\"}\n");
	free(text);
	kit_fini(&k);
}
END_TEST

START_TEST(test_an_erased_title_is_exported_as_sealed)
{
	/* export.h: "sealed":true once the key was erased, also with no keys at all */
	char path[128], *text;
	struct kit k;
	sqlite3 *db;

	kit_init(&k);
	kit_fill(&k, 9);
	db = kit_raw(&k, "keys.db");
	kit_sql(db, "DELETE FROM key WHERE stream = 2");
	sqlite3_close(db);
	text = export(&k, 1, 1, 0);
	ck_assert_ptr_nonnull(strstr(text, ",\"personal\":{\"title\":\"Whisper 0\"},"));
	free(text);
	text = export(&k, 2, 2, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"data\":{\"n\":2},\"sealed\":true,\"hash\""));
	free(text);
	text = export(&k, 9, 9, 0);
	ck_assert_ptr_null(strstr(text, "sealed"));
	ck_assert_ptr_null(strstr(text, "personal"));
	free(text);
	kit_path(path, &k, "keys.db");
	ck_assert_int_eq(unlink(path), 0);
	text = export(&k, 1, 1, 0);
	ck_assert_ptr_nonnull(strstr(text, ",\"sealed\":true,"));
	free(text);
	kit_fini(&k);
}
END_TEST

static void range(struct kit *k, uint64_t from, uint64_t to, unsigned int want)
{
	char first[32], *text = export(k, from, to, 0);

	ck_assert_uint_eq(lines(text), want);
	snprintf(first, sizeof(first), "{\"seq\":%llu,",
		 (unsigned long long)(from ? from : 1));
	if (want)
		ck_assert_int_eq(strncmp(text, first, strlen(first)), 0);
	free(text);
}

START_TEST(test_a_range_is_exported)
{
	/* export.h: from..to, both included; beyond the end there is nothing */
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 0);
	range(&k, 1, UINT64_MAX, 0);
	kit_fill(&k, 3000);
	range(&k, 0, UINT64_MAX, 3000);
	range(&k, 1, UINT64_MAX, 3000);
	range(&k, 2990, UINT64_MAX, 11);
	range(&k, 100, 200, 101);
	range(&k, 3000, 3000, 1);
	range(&k, 3001, 4000, 0);
	range(&k, 10, 9, 0);
	kit_fini(&k);
}
END_TEST

START_TEST(test_export_stops_at_a_fact_that_does_not_fit)
{
	/* export.h: what comes out has been checked against the chain */
	struct kit k;
	sqlite3 *db;
	char *text;

	kit_init(&k);
	kit_fill(&k, 20);
	db = kit_raw(&k, "ledger.db");
	kit_sql(db, "DROP TRIGGER fact_no_update;"
		"UPDATE fact SET data = '{\"n\":0}' WHERE seq = 13;"
		"CREATE TRIGGER fact_no_update BEFORE UPDATE ON fact\nBEGIN\n"
		"\tSELECT RAISE(ABORT, 'facts are never changed');\nEND");
	sqlite3_close(db);
	text = export(&k, 1, UINT64_MAX, ERR_CORRUPT);
	ck_assert_uint_eq(lines(text), 12);
	ck_assert_ptr_nonnull(strstr(k.why.text, "fact 13"));
	free(text);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_reader_that_is_gone_is_an_error)
{
	/* export.h: ERR_IO */
	struct export *x;
	struct kit k;
	int ends[2];
	FILE *out;

	kit_init(&k);
	kit_fill(&k, 50);
	x = open_it(&k, EXPORT_JSONL);
	out = fopen("/dev/full", "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(export_write(x, 1, UINT64_MAX, out, &k.why), ERR_IO);
	fclose(out);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	out = fdopen(ends[1], "w");
	ck_assert_int_eq(export_write(x, 1, UINT64_MAX, out, &k.why), ERR_CLOSED);
	fclose(out);
	export_close(x);
	kit_fini(&k);
}
END_TEST

START_TEST(test_csv_is_as_rfc_4180_says)
{
	/* export.h: names first; quotes are doubled, lines end with CR LF */
	char want[512], at[CLOCK_RFC3339_SIZE];
	struct ledger *l;
	struct fact f;
	struct kit k;
	char *text, *line;

	kit_init(&k);
	l = kit_start(&k);
	kit_fact(&f, "meeting/a", 1, FACT_MEETING_CREATED, "{\"capacity\":2}",
		 "{\"title\":\"Tea, \\\"hot\\\"\"}");
	strcpy(f.actor, "jwt:a\r\nb");
	ck_assert_uint_eq(ledger_append(l, &f), 1);
	ledger_close(l);
	clock_rfc3339(at, f.at);
	text = export_as(&k, EXPORT_CSV, 1, UINT64_MAX, 0);
	line = strstr(text, "\r\n");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(strncmp(text, "seq,at,stream,version,kind,actor,data,personal,"
				 "sealed,hash\r\n", (size_t)(line + 2 - text)), 0);
	snprintf(want, sizeof(want), "1,%s,\"meeting/a\",1,\"meeting.created\","
		 "\"jwt:a\r\nb\",\"{\"\"capacity\"\":2}\","
		 "\"{\"\"title\"\":\"\"Tea, \\\"\"hot\\\"\"\"\"}\",,", at);
	ck_assert_msg(strncmp(line + 2, want, strlen(want)) == 0, "%s\n%s", line + 2,
		      want);
	ck_assert_uint_eq(strspn(line + 2 + strlen(want), "0123456789abcdef"), 64);
	ck_assert_str_eq(line + 2 + strlen(want) + 64, "\r\n");
	free(text);
	kit_fini(&k);
}
END_TEST

START_TEST(test_an_erased_title_is_a_column_of_csv)
{
	/* export.h: `sealed` is "true" where something personal was erased */
	char path[128], *text;
	struct kit k;

	kit_init(&k);
	kit_fill(&k, 9);
	kit_path(path, &k, "keys.db");
	ck_assert_int_eq(unlink(path), 0);
	text = export_as(&k, EXPORT_CSV, 1, 1, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"{\"\"n\"\":1}\",,true,"));
	free(text);
	text = export_as(&k, EXPORT_CSV, 9, 9, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"{\"\"n\"\":9}\",,,"));
	free(text);
	kit_fini(&k);
}
END_TEST

START_TEST(test_places_are_found)
{
	/* export.h: from the end, and by time */
	struct export *x;
	struct kit k;
	uint64_t seq;
	sqlite3 *db;
	int64_t at;

	kit_init(&k);
	kit_fill(&k, 0);
	x = open_it(&k, EXPORT_JSONL);
	ck_assert_int_eq(export_last(x, &seq, &k.why), 0);
	ck_assert_uint_eq(seq, 0);
	ck_assert_int_eq(export_from_end(x, 10, &seq, &k.why), 0);
	ck_assert_uint_eq(seq, 0);
	ck_assert_int_eq(export_find(x, 0, &seq, &k.why), 0);
	ck_assert_uint_le(seq, 1);
	export_close(x);
	kit_fill(&k, 20);
	usleep(5000);
	kit_fill(&k, 40);
	db = kit_raw(&k, "ledger.db");
	at = kit_number(db, "SELECT at FROM fact WHERE seq = 21");
	ck_assert_int_gt(at, kit_number(db, "SELECT at FROM fact WHERE seq = 20"));
	sqlite3_close(db);
	x = open_it(&k, EXPORT_JSONL);
	ck_assert_int_eq(export_last(x, &seq, &k.why), 0);
	ck_assert_uint_eq(seq, 40);
	ck_assert_int_eq(export_from_end(x, 10, &seq, &k.why), 0);
	ck_assert_uint_eq(seq, 30);
	ck_assert_int_eq(export_from_end(x, UINT64_MAX, &seq, &k.why), 0);
	ck_assert_uint_eq(seq, 0);
	ck_assert_int_eq(export_find(x, at, &seq, &k.why), 0);
	ck_assert_uint_eq(seq, 21);
	ck_assert_int_eq(export_find(x, INT64_MIN, &seq, &k.why), 0);
	ck_assert_uint_le(seq, 1);
	ck_assert_int_eq(export_find(x, INT64_MAX, &seq, &k.why), 0);
	ck_assert_uint_eq(seq, 41);
	export_close(x);
	kit_fini(&k);
}
END_TEST

START_TEST(test_a_move_is_noticed)
{
	/* export.h: whether anything was written since it was asked last */
	struct export *x;
	struct kit k;
	bool moved;

	kit_init(&k);
	kit_fill(&k, 5);
	x = open_it(&k, EXPORT_JSONL);
	ck_assert_int_eq(export_moved(x, &moved, &k.why), 0);
	ck_assert_int_eq(export_moved(x, &moved, &k.why), 0);
	ck_assert(!moved);
	kit_fill(&k, 6);
	ck_assert_int_eq(export_moved(x, &moved, &k.why), 0);
	ck_assert(moved);
	ck_assert_int_eq(export_moved(x, &moved, &k.why), 0);
	ck_assert(!moved);
	export_close(x);
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("export", test_a_fact_is_one_line_of_json,
	  test_an_erased_title_is_exported_as_sealed, test_a_range_is_exported,
	  test_export_stops_at_a_fact_that_does_not_fit,
	  test_a_reader_that_is_gone_is_an_error, test_csv_is_as_rfc_4180_says,
	  test_an_erased_title_is_a_column_of_csv, test_places_are_found,
	  test_a_move_is_noticed)
