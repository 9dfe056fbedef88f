#include <stdint.h>

#include "base/err.h"
#include "store/export.h"

#include "storekit.h"

/* What ledger_export() writes, as a string that the caller frees. */
static char *export(struct kit *k, uint64_t from, uint64_t to, int want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err;

	ck_assert_ptr_nonnull(out);
	err = ledger_export(k->dir, from, to, out, &k->why);
	ck_assert_msg(err == want, "%d: %s", err, k->why.text);
	fclose(out);
	return text;
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
	struct kit k;
	FILE *out;

	kit_init(&k);
	kit_fill(&k, 50);
	out = fopen("/dev/full", "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(ledger_export(k.dir, 1, UINT64_MAX, out, &k.why), ERR_IO);
	fclose(out);
	kit_fini(&k);
}
END_TEST

UNIT_MAIN("export", test_a_fact_is_one_line_of_json,
	  test_an_erased_title_is_exported_as_sealed, test_a_range_is_exported,
	  test_export_stops_at_a_fact_that_does_not_fit,
	  test_a_reader_that_is_gone_is_an_error)
