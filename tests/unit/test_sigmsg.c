#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "proto/sigmsg.h"

#define ID "AAAAAAAAAAAAAAA-"

static struct sigmsg msg;

static int decode(const char *text)
{
	return sigmsg_decode(&msg, text, strlen(text));
}

/* A text with `count` times `unit` where %s stands. */
static const char *filled(const char *format, const char *unit, size_t count)
{
	static char text[32768], middle[16384];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += (size_t)sprintf(middle + n, "%s", unit);
	middle[n] = '\0';
	snprintf(text, sizeof(text), format, middle);
	return text;
}

START_TEST(test_each_type_reads)
{
	/* protocol.md, "From the client" */
	static const char *const texts[] = {
		"{\"type\":\"join\",\"name\":\"Ada\"}",
		"{\"type\":\"signal\",\"to\":\"" ID "\",\"data\":{\"a\":[1]}}",
		"{\"type\":\"media\",\"audio\":true,\"video\":false,\"screen\":true,\"hand\":false}",
		"{\"type\":\"ice\"}",
		"{\"type\":\"report\",\"peer\":\"" ID "\",\"event\":\"connected\"}",
		"{\"type\":\"test\",\"result\":{\"relay\":\"tls\"}}",
		"{\"type\":\"admit\",\"id\":\"" ID "\"}",
		"{\"type\":\"deny\",\"id\":\"" ID "\"}",
		"{\"type\":\"remove\",\"id\":\"" ID "\"}",
		"{\"type\":\"note\",\"to\":\"" ID "\",\"text\":\"Soon.\"}",
		"{\"type\":\"lock\",\"on\":true}",
		"{\"type\":\"end\"}",
		"{\"type\":\"leave\"}",
	};

	ck_assert_int_eq(sizeof(texts) / sizeof(*texts), SIGMSG_TYPE_COUNT - 1);
	for (int i = 1; i < SIGMSG_TYPE_COUNT; i++) {
		ck_assert_msg(decode(texts[i - 1]) == 0, "%s", texts[i - 1]);
		ck_assert_int_eq(msg.type, i);
	}
	ck_assert_str_eq(sigmsg_type_name(SIGMSG_JOIN), "join");
	ck_assert_str_eq(sigmsg_type_name(SIGMSG_LEAVE), "leave");
	ck_assert_ptr_null(sigmsg_type_name(SIGMSG_NONE));
}
END_TEST

START_TEST(test_unknown_is_ignored_and_malformed_is_not)
{
	/* protocol.md, last section: unknown types and members are ignored; what is
	 * not one JSON object closes */
	ck_assert_int_eq(decode("{\"type\":\"dance\"}"), ERR_UNKNOWN);
	ck_assert_int_eq(decode("{\"type\":\"\"}"), ERR_UNKNOWN);
	ck_assert_int_eq(decode("{\"type\":\"a type of more than sixteen characters\"}"),
			 ERR_UNKNOWN);
	ck_assert_int_eq(decode("{\"type\":\"ice\",\"please\":true}"), 0);
	ck_assert_int_eq(decode("{\"ty\\u0070e\":\"i\\u0063e\"}"), 0);
	ck_assert_int_eq(decode("[]"), ERR_MALFORMED);
	ck_assert_int_eq(decode(""), ERR_MALFORMED);
	ck_assert_int_eq(decode("{\"type\":\"ice\"} {}"), ERR_MALFORMED);
	ck_assert_int_eq(decode("{\"type\":\"ice\",\"type\":\"end\"}"), ERR_MALFORMED);
	ck_assert_int_eq(decode("{}"), ERR_RANGE);
	ck_assert_int_eq(msg.type, SIGMSG_NONE);
	ck_assert_ptr_nonnull(msg.detail);
	ck_assert_int_eq(decode("{\"type\":7}"), ERR_RANGE);
}
END_TEST

START_TEST(test_join_takes_a_name_or_a_sealed_one)
{
	/* protocol.md: name (1..80) or sealed (at most 1024, base64url), token, resume */
	ck_assert_int_eq(decode("{\"type\":\"join\",\"name\":\" \\u00a0 J\xc3\xbcrgen \\n\","
				"\"token\":\"abc\",\"resume\":\"xyz\"}"), 0);
	ck_assert_str_eq(msg.text, "J\xc3\xbcrgen");
	ck_assert_uint_eq(msg.text_len, 7);
	ck_assert(!msg.sealed);
	ck_assert_str_eq(msg.token, "abc");
	ck_assert_str_eq(msg.resume, "xyz");
	ck_assert_int_eq(decode("{\"type\":\"join\",\"sealed\":\"_-09azAZ\",\"token\":null}"), 0);
	ck_assert(msg.sealed);
	ck_assert_str_eq(msg.text, "_-09azAZ");
	ck_assert_uint_eq(msg.token_len, 0);
	ck_assert_str_eq(msg.resume, "");
	ck_assert_int_eq(decode("{\"type\":\"join\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"name\":\"a\",\"sealed\":\"b\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"name\":5}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"name\":\"\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"name\":\" \\t \"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"sealed\":\"\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"sealed\":\"a+b\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"sealed\":\"ab==\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"name\":\"a\",\"token\":5}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"join\",\"name\":\"a\",\"resume\":5}"), ERR_RANGE);
}
END_TEST

START_TEST(test_join_counts_characters_not_bytes)
{
	/* protocol.md: name 1..80 characters, sealed up to 1024, a token up to 4 KiB */
	static const char name[] = "{\"type\":\"join\",\"name\":\"%s\"}";
	static const char sealed[] = "{\"type\":\"join\",\"sealed\":\"%s\"}";
	static const char token[] = "{\"type\":\"join\",\"name\":\"a\",\"token\":\"%s\"}";
	static const char resume[] = "{\"type\":\"join\",\"name\":\"a\",\"resume\":\"%s\"}";

	ck_assert_int_eq(decode(filled(name, "\xf0\x9f\x98\x80", 80)), 0);
	ck_assert_uint_eq(msg.text_len, 320);
	ck_assert_int_eq(decode(filled(name, "\xf0\x9f\x98\x80", 81)), ERR_RANGE);
	ck_assert_int_eq(decode(filled(name, "a", 81)), ERR_RANGE);
	ck_assert_int_eq(decode(filled(name, "a", 10000)), ERR_RANGE);
	ck_assert_int_eq(decode(filled(sealed, "a", 1024)), 0);
	ck_assert_int_eq(decode(filled(sealed, "a", 1025)), ERR_RANGE);
	ck_assert_int_eq(decode(filled(token, "a", 4096)), 0);
	ck_assert_uint_eq(msg.token_len, 4096);
	/* a longer one is a token that opens nothing, and no bad join */
	ck_assert_int_eq(decode(filled(token, "a", 4097)), 0);
	ck_assert_uint_eq(msg.token_len, 4097);
	ck_assert_int_eq(decode(filled(token, "a", 9000)), 0);
	ck_assert_uint_eq(msg.token_len, 4097);
	/* cannot be one of ours: counts as unknown, that is as absent */
	ck_assert_int_eq(decode(filled(resume, "a", 129)), 0);
	ck_assert_str_eq(msg.resume, "");
}
END_TEST

START_TEST(test_names_cannot_redraw_a_screen)
{
	/* label.h: controls, separators, bidirectional overrides, nothing visible */
	static const char *const bad[] = {
		"a\\u0000b", "a\\tb", "a\\nb", "a\\u007fb", "a\\u0085b", "a\\u009bb",
		"a\\u2028b", "a\\u2029b", "a\\u202ab", "a\\u202eb", "a\\u2066b",
		"a\\u2069b", "\\u200b", "\\u2060\\u200d", "\\u00ad", "\\u3164",
		"\\ud800", "a\\uffff", "a\\ufdd0",
	};
	static const char *const good[] = {
		"M\\u00fcller", "\\u0627\\u062d\\u0645\\u062f", "\\u5f20\\u4e09",
		"O'Neil-Smith, Dr. <x>", "\\ud83d\\udc69\\u200d\\u2695\\ufe0f", "a\\u00a0b",
		"\\u05d0\\u200f.",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(decode(filled("{\"type\":\"join\",\"name\":\"%s\"}", bad[i],
					    1)) == ERR_RANGE, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(decode(filled("{\"type\":\"join\",\"name\":\"%s\"}", good[i],
					    1)) == 0, "%s", good[i]);
}
END_TEST

START_TEST(test_signal_data_stays_as_it_is)
{
	/* protocol.md: passes `data` unread; any JSON */
	static const char *const data[] = {
		"null", "true", "\"x\\ud800\"", "-1e9", "[ 1 , 2 ]", "{ \"a\" : \"\\u0000\" }",
	};
	char text[128];

	for (size_t i = 0; i < sizeof(data) / sizeof(*data); i++) {
		struct buf b = BUF_INIT;

		snprintf(text, sizeof(text), "{\"type\":\"signal\",\"data\": %s ,\"to\":\"%s\"}",
			 data[i], ID);
		ck_assert_int_eq(decode(text), 0);
		ck_assert_str_eq(msg.id, ID);
		sigmsg_put_signal(&b, "BBBBBBBBBBBBBBBB", msg.raw, msg.raw_len);
		snprintf(text, sizeof(text),
			 "{\"type\":\"signal\",\"from\":\"BBBBBBBBBBBBBBBB\",\"data\":%s}", data[i]);
		ck_assert_str_eq(b.p, text);
		buf_fini(&b);
	}
	ck_assert_int_eq(decode("{\"type\":\"signal\",\"to\":\"" ID "\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"signal\",\"data\":1}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"signal\",\"to\":[],\"data\":1}"), ERR_RANGE);
}
END_TEST

START_TEST(test_an_id_that_cannot_be_ours_is_nobodys)
{
	/* sigmsg.h: it reads as "", and is answered as one that is not known */
	static const char *const ids[] = {
		"", "AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA+", "A\\u0000",
		"AAAAAAAA\\u0000AAAAAAA", "AAAAAAAAAAAAAA\xc3\xa4",
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		ck_assert_int_eq(decode(filled("{\"type\":\"admit\",\"id\":\"%s\"}", ids[i], 1)), 0);
		ck_assert_str_eq(msg.id, "");
	}
}
END_TEST

START_TEST(test_report_keeps_words_out_of_the_log)
{
	/* protocol.md: never addresses; sigmsg.h: numbers and booleans, plain keys */
	static const char report[] =
		"{\"type\":\"report\",\"peer\":\"" ID "\",\"event\":\"summary\","
		"\"path\":\"relay-tls\",\"stats\":%s}";
	static const char *const bad[] = {
		"[]", "1", "{\"a\":\"192.0.2.1\"}", "{\"a\":[1]}", "{\"a\":{}}",
		"{\"a\":null}", "{\"192.0.2.1\":1}", "{\"fe80::1\":1}", "{\"\":1}",
		"{\"a b\":1}", "{\"a\":1,\"a\":2}", "{\"\\u0061\":1}",
		"{\"a\":1234567890123456789012345}",
		"{\"a2345678901234567890123456789012345678901\":1}",
	};

	ck_assert_int_eq(decode(filled(report, "{ \"seconds\" : 61.5,\"b\":true, \"B\": -1e3 }",
				       1)), 0);
	ck_assert_str_eq(msg.stats, "{\"B\":-1e3,\"b\":true,\"seconds\":61.5}");
	ck_assert_uint_eq(msg.stats_len, strlen(msg.stats));
	ck_assert_int_eq(msg.event, SIGMSG_SUMMARY);
	ck_assert_int_eq(msg.path, SIGMSG_RELAY_TLS);
	ck_assert_int_eq(decode(filled(report, "{}", 1)), 0);
	ck_assert_int_eq(decode(filled(report, "null", 1)), 0);
	ck_assert_uint_eq(msg.stats_len, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(decode(filled(report, bad[i], 1)) == ERR_RANGE, "%s", bad[i]);
	ck_assert_int_eq(decode("{\"type\":\"report\",\"peer\":\"" ID "\",\"event\":\"x\"}"),
			 ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"report\",\"event\":\"lost\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"report\",\"peer\":\"" ID "\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"report\",\"peer\":\"" ID "\",\"event\":\"lost\","
				"\"path\":\"pigeon\"}"), ERR_RANGE);
}
END_TEST

START_TEST(test_sizes_of_objects_are_bounded)
{
	/* stats at most 512 bytes, a test's result 1024, a note 500 characters */
	static const char stats[] = "{\"type\":\"report\",\"peer\":\"" ID
				    "\",\"event\":\"summary\",\"stats\":{\"a\":1%s}}";
	static const char result[] = "{\"type\":\"test\",\"result\":{\"a\":\"%s\"}}";
	static const char note[] = "{\"type\":\"note\",\"to\":\"" ID "\",\"text\":\"%s\"}";
	static const char sealed[] = "{\"type\":\"note\",\"to\":\"" ID "\",\"sealed\":\"%s\"}";

	ck_assert_int_eq(decode(filled(stats, " ", 512 - 7)), 0);
	ck_assert_int_eq(decode(filled(stats, " ", 512 - 6)), ERR_RANGE);
	ck_assert_int_eq(decode(filled(result, "a", 1024 - 8)), 0);
	ck_assert_uint_eq(msg.raw_len, 1024);
	ck_assert_int_eq(decode(filled(result, "a", 1024 - 7)), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"test\",\"result\":[]}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"test\"}"), ERR_RANGE);
	ck_assert_int_eq(decode(filled(note, "\xe2\x82\xac", 500)), 0);
	ck_assert_uint_eq(msg.text_len, 1500);
	ck_assert_int_eq(decode(filled(note, "\xe2\x82\xac", 501)), ERR_RANGE);
	ck_assert_int_eq(decode(filled(sealed, "a", 4096)), 0);
	ck_assert(msg.sealed);
	ck_assert_int_eq(decode(filled(sealed, "a", 4097)), ERR_RANGE);
}
END_TEST

START_TEST(test_flags_must_be_flags)
{
	/* protocol.md: booleans */
	ck_assert_int_eq(decode("{\"type\":\"media\",\"audio\":true,\"video\":false,"
				"\"screen\":false,\"hand\":true}"), 0);
	ck_assert(msg.media.audio && !msg.media.video && !msg.media.screen && msg.media.hand);
	ck_assert_int_eq(decode("{\"type\":\"media\",\"audio\":true,\"video\":false,"
				"\"screen\":false}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"media\",\"audio\":1,\"video\":false,"
				"\"screen\":false,\"hand\":true}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"lock\",\"on\":false}"), 0);
	ck_assert(!msg.on);
	ck_assert_int_eq(decode("{\"type\":\"lock\"}"), ERR_RANGE);
	ck_assert_int_eq(decode("{\"type\":\"lock\",\"on\":\"yes\"}"), ERR_RANGE);
}
END_TEST

static struct buf said = BUF_INIT;

#define SAYS(call, text)                                                      \
	do {                                                                  \
		buf_reset(&said);                                             \
		call;                                                         \
		ck_assert_str_eq(said.p, text);                               \
	} while (0)

START_TEST(test_server_messages_are_spelled_as_promised)
{
	/* protocol.md, "From the server" */
	const struct sigmsg_label name = {"A \"B\"", 5, false};
	const struct sigmsg_label sealed = {"c2VhbA", 6, true};
	const struct sigmsg_label none = {NULL, 0, false};
	const struct sigmsg_media media = SIGMSG_MEDIA_INIT;
	const struct sigmsg_person people[] = {
		{ID, true, name, media, false}, {"x", false, none, {.hand = true}, true},
	};
	const struct sigmsg_welcome welcome = {
		"me", "again", false, "{}", 2, people, 2, "[1]", 1795166400000,
	};

	SAYS(sigmsg_put_waiting(&said, ID, "again", 3, "{}", 2, "[]"),
	     "{\"type\":\"waiting\",\"id\":\"" ID "\",\"resume\":\"again\",\"position\":3,"
	     "\"meeting\":{},\"iceServers\":[]}");
	SAYS(sigmsg_put_welcome(&said, &welcome),
	     "{\"type\":\"welcome\",\"id\":\"me\",\"resume\":\"again\",\"role\":\"guest\","
	     "\"meeting\":{},\"participants\":[{\"id\":\"" ID "\",\"role\":\"host\","
	     "\"name\":\"A \\\"B\\\"\",\"media\":{\"audio\":true,\"video\":true,"
	     "\"screen\":false,\"hand\":false}},{\"id\":\"x\",\"role\":\"guest\","
	     "\"media\":{\"audio\":false,\"video\":false,\"screen\":false,\"hand\":true},"
	     "\"away\":true}],\"iceServers\":[1],"
	     "\"iceExpiresAt\":\"2026-11-20T09:20:00Z\"}");
	SAYS(sigmsg_put_knock(&said, ID, &sealed),
	     "{\"type\":\"knock\",\"id\":\"" ID "\",\"sealed\":\"c2VhbA\"}");
	SAYS(sigmsg_put_knock_gone(&said, ID), "{\"type\":\"knock-gone\",\"id\":\"" ID "\"}");
	SAYS(sigmsg_put_knock_test(&said, ID, "{}", 2),
	     "{\"type\":\"knock-test\",\"id\":\"" ID "\",\"result\":{}}");
	SAYS(sigmsg_put_joined(&said, ID, true, &name),
	     "{\"type\":\"participant-joined\",\"id\":\"" ID "\",\"role\":\"host\","
	     "\"name\":\"A \\\"B\\\"\"}");
	SAYS(sigmsg_put_away(&said, ID), "{\"type\":\"participant-away\",\"id\":\"" ID "\"}");
	SAYS(sigmsg_put_back(&said, ID, &none),
	     "{\"type\":\"participant-back\",\"id\":\"" ID "\"}");
	SAYS(sigmsg_put_left(&said, ID, "lost"),
	     "{\"type\":\"participant-left\",\"id\":\"" ID "\",\"reason\":\"lost\"}");
	SAYS(sigmsg_put_media(&said, ID, &media),
	     "{\"type\":\"media\",\"id\":\"" ID "\",\"audio\":true,\"video\":true,"
	     "\"screen\":false,\"hand\":false}");
	SAYS(sigmsg_put_ice(&said, "[]", 1795166400000),
	     "{\"type\":\"ice\",\"iceServers\":[],\"iceExpiresAt\":\"2026-11-20T09:20:00Z\"}");
	SAYS(sigmsg_put_note(&said, &name), "{\"type\":\"note\",\"text\":\"A \\\"B\\\"\"}");
	SAYS(sigmsg_put_note(&said, &sealed), "{\"type\":\"note\",\"sealed\":\"c2VhbA\"}");
	SAYS(sigmsg_put_locked(&said, true), "{\"type\":\"locked\",\"on\":true}");
	SAYS(sigmsg_put_ended(&said, "api"), "{\"type\":\"ended\",\"reason\":\"api\"}");
	SAYS(sigmsg_put_denied(&said), "{\"type\":\"denied\"}");
	SAYS(sigmsg_put_removed(&said), "{\"type\":\"removed\"}");
	SAYS(sigmsg_put_error(&said, SIGMSG_NO_SUCH_PARTICIPANT, "nobody", SIGMSG_SIGNAL),
	     "{\"type\":\"error\",\"code\":\"no-such-participant\",\"detail\":\"nobody\","
	     "\"re\":\"signal\"}");
	SAYS(sigmsg_put_error(&said, SIGMSG_BAD_MESSAGE, "what", SIGMSG_NONE),
	     "{\"type\":\"error\",\"code\":\"bad-message\",\"detail\":\"what\"}");
	buf_fini(&said);
}
END_TEST

UNIT_MAIN("sigmsg", test_each_type_reads, test_unknown_is_ignored_and_malformed_is_not,
	  test_join_takes_a_name_or_a_sealed_one, test_join_counts_characters_not_bytes,
	  test_names_cannot_redraw_a_screen, test_signal_data_stays_as_it_is,
	  test_an_id_that_cannot_be_ours_is_nobodys,
	  test_report_keeps_words_out_of_the_log, test_sizes_of_objects_are_bounded,
	  test_flags_must_be_flags, test_server_messages_are_spelled_as_promised)
