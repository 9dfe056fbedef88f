#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "proto/json.h"

static struct json_member member[64];

static int scan(const char *text)
{
	return json_scan(member, 64, text, strlen(text));
}

START_TEST(test_scan_gives_members_as_they_stand)
{
	/* json.h: spans of the text, strings with their quotes */
	static const char text[] =
		" { \"a\" : \"x\\n\" ,\t\"b\":[1, {\"c\":2}],\n\"d\":{} ,\"e\":-1.5e+3,"
		"\"f\":true,\"g\":false,\"h\":null}\r\n";
	static const struct {
		const char *key, *value;
		enum json_kind kind;
	} want[] = {
		{"a", "\"x\\n\"", JSON_KIND_STRING}, {"b", "[1, {\"c\":2}]", JSON_KIND_ARRAY},
		{"d", "{}", JSON_KIND_OBJECT}, {"e", "-1.5e+3", JSON_KIND_NUMBER},
		{"f", "true", JSON_KIND_TRUE}, {"g", "false", JSON_KIND_FALSE},
		{"h", "null", JSON_KIND_NULL},
	};

	ck_assert_int_eq(scan(text), 7);
	for (int i = 0; i < 7; i++) {
		ck_assert_uint_eq(member[i].key_len, strlen(want[i].key));
		ck_assert(memcmp(member[i].key, want[i].key, member[i].key_len) == 0);
		ck_assert_uint_eq(member[i].len, strlen(want[i].value));
		ck_assert(memcmp(member[i].value, want[i].value, member[i].len) == 0);
		ck_assert_int_eq(member[i].kind, want[i].kind);
	}
	ck_assert_int_eq(scan("{}"), 0);
	ck_assert_int_eq(scan(" {\n} "), 0);
}
END_TEST

START_TEST(test_scan_refuses_what_is_not_json)
{
	/* RFC 8259 sections 2 to 7 */
	static const char *const bad[] = {
		"", " ", "[]", "1", "\"a\"", "null", "{", "}", "{}}", "{} {}", "{,}",
		"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{a:1}",
		"{'a':1}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":1.}", "{\"a\":.5}",
		"{\"a\":1e}", "{\"a\":1e+}", "{\"a\":-}", "{\"a\":0x1}", "{\"a\":NaN}",
		"{\"a\":tru}", "{\"a\":True}", "{\"a\":nul", "{\"a\":\"x}", "{\"a\":\"\n\"}",
		"{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u123\"}", "{\"a\":\"\\",
		"{\"a\":\"\\u", "{\"a\":[1,]}", "{\"a\":[1}", "{\"a\":[}", "{\"a\":{]}",
		"{\"a\":1}//", "\xef\xbb\xbf{}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\xed\xa0\x80\"}", "{\"a\xff\":1}", "{\"a\":1}\x80", "{\"a\":\"\x1f\"}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(scan(bad[i]) == ERR_MALFORMED, "%s", bad[i]);
	ck_assert_int_eq(json_scan(member, 64, "{\"a\":\"\0\"}", 9), ERR_MALFORMED);
	ck_assert_int_eq(json_scan(member, 64, "{}\0", 3), ERR_MALFORMED);
}
END_TEST

START_TEST(test_scan_sees_each_byte_of_a_long_string)
{
	/* json.h: eight bytes at a time must not miss one */
	char text[80];

	for (size_t at = 6; at < 60; at++) {
		memset(text, 'x', sizeof(text));
		memcpy(text, "{\"a\":\"", 6);
		memcpy(text + 60, "\"}", 2);
		ck_assert_int_eq(json_scan(member, 64, text, 62), 1);
		text[at] = '\x01';
		ck_assert_int_eq(json_scan(member, 64, text, 62), ERR_MALFORMED);
		text[at] = '"';
		ck_assert_int_eq(json_scan(member, 64, text, 62), ERR_MALFORMED);
		text[at] = '\\';
		ck_assert_int_eq(json_scan(member, 64, text, 62), ERR_MALFORMED);
		text[at] = '\x7f';
		ck_assert_int_eq(json_scan(member, 64, text, 62), 1);
	}
}
END_TEST

START_TEST(test_scan_bounds_depth)
{
	/* json.h: JSON_DEPTH_MAX levels, the outermost is one */
	char text[200] = "{\"a\":";
	size_t n = 5;

	for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
		text[n++] = '[';
	for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
		text[n++] = ']';
	text[n] = '}';
	ck_assert_int_eq(scan(text), 1);
	memmove(text + 6, text + 5, n - 4);
	text[5] = '[';
	text[n + 1] = ']';
	text[n + 2] = '}';
	ck_assert_int_eq(scan(text), ERR_MALFORMED);
}
END_TEST

START_TEST(test_scan_refuses_a_key_given_twice)
{
	/* json.h: however it is escaped */
	ck_assert_int_eq(scan("{\"a\":1,\"b\":2,\"a\":3}"), ERR_DUPLICATE);
	ck_assert_int_eq(scan("{\"type\":1,\"ty\\u0070e\":2}"), ERR_DUPLICATE);
	ck_assert_int_eq(scan("{\"\\u00e4\":1,\"\xc3\xa4\":2}"), ERR_DUPLICATE);
	ck_assert_int_eq(scan("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"),
			 ERR_DUPLICATE);
	ck_assert_int_eq(scan("{\"a\":1,\"a\\u0000\":2,\"aa\":3}"), 3);
	ck_assert_int_eq(scan("{\"a\":{\"b\":1,\"b\":2}}"), 1);
}
END_TEST

START_TEST(test_scan_bounds_members)
{
	/* json.h: ERR_TOO_BIG for more than cap */
	static const char text[] = "{\"a\":1,\"b\":2,\"c\":3}";

	ck_assert_int_eq(json_scan(member, 3, text, sizeof(text) - 1), 3);
	ck_assert_int_eq(json_scan(member, 2, text, sizeof(text) - 1), ERR_TOO_BIG);
}
END_TEST

START_TEST(test_find_reads_escaped_keys)
{
	/* json.h, json_find() */
	int n = scan("{\"ty\\u0070e\":1,\"x\":2}");

	ck_assert_ptr_eq(json_find(member, n, "type"), &member[0]);
	ck_assert_ptr_eq(json_find(member, n, "x"), &member[1]);
	ck_assert_ptr_null(json_find(member, n, "typ"));
	ck_assert_ptr_null(json_find(member, n, "types"));
}
END_TEST

START_TEST(test_string_is_unescaped)
{
	/* RFC 8259 section 7 */
	char out[64];

	scan("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\tA\\u00e4\\u20AC\\ud83d\\uDE00z\"}");
	ck_assert_int_eq(json_get_string(member, out, sizeof(out)), 9 + 2 + 3 + 4 + 1);
	ck_assert_str_eq(out, "\"\\/\b\f\n\r\tA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
	scan("{\"a\":\"\"}");
	ck_assert_int_eq(json_get_string(member, out, 1), 0);
	ck_assert_int_eq(json_get_string(member, out, 0), ERR_NO_SPACE);
	scan("{\"a\":\"abcd\"}");
	ck_assert_int_eq(json_get_string(member, out, 4), ERR_NO_SPACE);
	ck_assert_int_eq(json_get_string(member, out, 5), 4);
	scan("{\"a\":\"abc\\u00e4\"}");
	ck_assert_int_eq(json_get_string(member, out, 5), ERR_NO_SPACE);
	ck_assert_int_eq(json_get_string(member, out, 6), 5);
	scan("{\"a\":12}");
	ck_assert_int_eq(json_get_string(member, out, sizeof(out)), ERR_RANGE);
}
END_TEST

START_TEST(test_string_refuses_what_is_no_text)
{
	/* json.h: lone surrogates and NUL, which are valid JSON */
	static const char *const bad[] = {
		"{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\ud800x\"}",
		"{\"a\":\"\\ud800\\n\"}", "{\"a\":\"\\ud800\\ud800\"}",
		"{\"a\":\"\\udc00\\ud800\"}", "{\"a\":\"x\\u0000y\"}",
	};
	char out[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_eq(scan(bad[i]), 1);
		ck_assert_msg(json_get_string(member, out, sizeof(out)) == ERR_MALFORMED,
			      "%s", bad[i]);
	}
}
END_TEST

START_TEST(test_numbers_and_flags)
{
	/* json.h, json_get_int() and json_get_bool() */
	static const struct {
		const char *text;
		int err;
		int64_t value;
	} cases[] = {
		{"{\"a\":0}", 0, 0}, {"{\"a\":-0}", 0, 0}, {"{\"a\":-17}", 0, -17},
		{"{\"a\":9223372036854775807}", 0, INT64_MAX},
		{"{\"a\":-9223372036854775808}", 0, INT64_MIN},
		{"{\"a\":9223372036854775808}", ERR_RANGE, 0},
		{"{\"a\":-9223372036854775809}", ERR_RANGE, 0},
		{"{\"a\":99999999999999999999}", ERR_RANGE, 0},
		{"{\"a\":1.0}", ERR_RANGE, 0}, {"{\"a\":1e2}", ERR_RANGE, 0},
		{"{\"a\":\"1\"}", ERR_RANGE, 0}, {"{\"a\":true}", ERR_RANGE, 0},
	};
	bool flag = false;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t v = 0;

		ck_assert_int_eq(scan(cases[i].text), 1);
		ck_assert_int_eq(json_get_int(member, &v), cases[i].err);
		ck_assert_int_eq(v, cases[i].value);
	}
	scan("{\"a\":true}");
	ck_assert_int_eq(json_get_bool(member, &flag), 0);
	ck_assert(flag);
	scan("{\"a\":false}");
	ck_assert_int_eq(json_get_bool(member, &flag), 0);
	ck_assert(!flag);
	scan("{\"a\":1}");
	ck_assert_int_eq(json_get_bool(member, &flag), ERR_RANGE);
}
END_TEST

START_TEST(test_writer_spells)
{
	/* RFC 8785 section 3.2.2.2: escapes only where needed, in their short form */
	struct buf b = BUF_INIT;
	struct json_writer w;

	json_put_init(&w, &b);
	json_put_object(&w, NULL);
	json_put_string(&w, "s", "\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa4", 13);
	json_put_array(&w, "l");
	json_put_int(&w, NULL, -5);
	json_put_object(&w, NULL);
	json_put_end(&w);
	json_put_array(&w, NULL);
	json_put_end(&w);
	json_put_bool(&w, NULL, true);
	json_put_null(&w, NULL);
	json_put_end(&w);
	json_put_raw(&w, "r", "[1, 2]", 6);
	json_put_time(&w, "t", 1795166400000);
	json_put_end(&w);
	ck_assert_str_eq(b.p, "{\"s\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa4\","
			 "\"l\":[-5,{},[],true,null],\"r\":[1, 2],"
			 "\"t\":\"2026-11-20T09:20:00Z\"}");
	ck_assert_int_eq(scan(b.p), 4);
	buf_fini(&b);
}
END_TEST

START_TEST(test_sorted_writer_takes_ascending_keys)
{
	/* json.h: canonical is sorted; each object on its own */
	struct buf b = BUF_INIT;
	struct json_writer w;

	json_put_init_sorted(&w, &b);
	json_put_object(&w, NULL);
	json_put_int(&w, "a", 1);
	json_put_object(&w, "ab");
	json_put_int(&w, "a", 1);
	json_put_end(&w);
	json_put_int(&w, "b", 1);
	json_put_end(&w);
	ck_assert_str_eq(b.p, "{\"a\":1,\"ab\":{\"a\":1},\"b\":1}");
	buf_fini(&b);
}
END_TEST

/* The items of {"a": ...}, with '|' behind each. */
static const char *items(const char *text)
{
	static struct buf b = BUF_INIT;
	struct json_member m, item;
	const char *at = NULL;

	buf_reset(&b);
	ck_assert_int_eq(json_scan(&m, 1, text, strlen(text)), 1);
	while (json_item(&item, &m, &at)) {
		ck_assert_uint_eq(item.key_len, 0);
		buf_put(&b, item.value, item.len);
		buf_putc(&b, '|');
	}
	return b.p;
}

START_TEST(test_items_of_an_array)
{
	/* json_item() */
	ck_assert_str_eq(items("{\"a\":[]}"), "");
	ck_assert_str_eq(items("{\"a\": [ ] }"), "");
	ck_assert_str_eq(items("{\"a\":[1]}"), "1|");
	ck_assert_str_eq(items("{\"a\":[ 1 , \"],\" ,[2,3] , {\"b\":[4]}, null ]}"),
			 "1|\"],\"|[2,3]|{\"b\":[4]}|null|");
	ck_assert_str_eq(items("{\"a\":{\"b\":1}}"), "");
	ck_assert_str_eq(items("{\"a\":\"[1]\"}"), "");
}
END_TEST

UNIT_MAIN("json", test_scan_gives_members_as_they_stand,
	  test_scan_refuses_what_is_not_json, test_scan_sees_each_byte_of_a_long_string,
	  test_scan_bounds_depth, test_scan_refuses_a_key_given_twice,
	  test_scan_bounds_members, test_find_reads_escaped_keys,
	  test_string_is_unescaped, test_string_refuses_what_is_no_text,
	  test_numbers_and_flags, test_items_of_an_array, test_writer_spells,
	  test_sorted_writer_takes_ascending_keys)
