#include "unit.h"

#include <string.h>

#include "base/mem.h"
#include "proto/hookconf.h"

START_TEST(test_urls_that_can_be_sent_to)
{
	/* hookconf.h: http and https, with a host that is a name or an address */
	static const char *const urls[] = {
		"https://dashboard.example.org", "https://dashboard.example.org/",
		"HTTPS://x/visits?key=a%20b&c=d", "http://localhost:8080/hook",
		"https://[2001:db8::1]:8443/x", "https://192.0.2.1?x", "http://a:65535",
	};

	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		ck_assert_msg(!hookconf_check_url(urls[i]), "%s", urls[i]);
}
END_TEST

START_TEST(test_urls_that_are_refused)
{
	/* hookconf.h: no credentials (they would be listed), nothing that two readers
	 * could read as two hosts, no other scheme */
	static const char *const urls[] = {
		"", "x", "ftp://x/", "https://", "https:///x", "https://a@b/", "//x",
		"https://a:b@c/", "https://a b/", "https://a/ b", "https://a\\b/",
		"https://a/\r\nX: y", "https://a#b", "https://a/#b", "https://[::1",
		"https://[x]/", "https://a:/", "https://a:0/", "https://a:65536/",
		"https://a:99999999999999999999/", "https://a:1x/", "https://\xc3\xa4.de/",
		"file:///etc/passwd", "https://a_b:c@/", "https://a%2f@b/",
	};
	char *long_url = mem_new(HOOKCONF_URL_MAX + 2);

	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		ck_assert_msg(hookconf_check_url(urls[i]) != NULL, "%s", urls[i]);
	memset(long_url, 'a', HOOKCONF_URL_MAX + 1);
	memcpy(long_url, "https://a/", 10);
	ck_assert_ptr_nonnull(hookconf_check_url(long_url));
	long_url[HOOKCONF_URL_MAX] = '\0';
	ck_assert_ptr_null(hookconf_check_url(long_url));
	free(long_url);
}
END_TEST

static const char *together(const char *url, bool allow_private)
{
	const struct hookconf h = {
		.url = (char *)(uintptr_t)url, .secret_file = (char *)(uintptr_t)"/s",
		.allow_private = allow_private,
	};

	return hookconf_check_together(&h);
}

START_TEST(test_plain_http_is_for_this_machine)
{
	/* what happened in a practice leaves the machine sealed, or by its operator's
	 * own wish */
	static const char *const local[] = {
		"http://localhost/", "http://LOCALHOST:1/", "http://127.0.0.1/",
		"http://127.8.9.1:8080/x", "http://[::1]:8/",
	};
	static const char *const elsewhere[] = {
		"http://localhost.example.org/", "http://10.0.0.1/", "http://[::2]/",
		"http://127.0.0.1.example.org/", "http://127.1/", "http://2130706433/",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(local); i++)
		ck_assert_msg(!together(local[i], false), "%s", local[i]);
	for (i = 0; i < ARRAY_LEN(elsewhere); i++) {
		ck_assert_msg(together(elsewhere[i], false) != NULL, "%s", elsewhere[i]);
		ck_assert_msg(!together(elsewhere[i], true), "%s", elsewhere[i]);
	}
	ck_assert_ptr_null(together("https://10.0.0.1/", false));
}
END_TEST

START_TEST(test_kinds_are_those_of_facts)
{
	/* a typing error would be a hook that is silent for ever */
	ck_assert_ptr_null(hookconf_check_kind("meeting.created"));
	ck_assert_ptr_null(hookconf_check_kind("meeting.*"));
	ck_assert_ptr_null(hookconf_check_kind("*"));
	ck_assert_ptr_null(hookconf_check_kind("me*"));
	ck_assert_ptr_nonnull(hookconf_check_kind(""));
	ck_assert_ptr_nonnull(hookconf_check_kind("meeting"));
	ck_assert_ptr_nonnull(hookconf_check_kind("meeting."));
	ck_assert_ptr_nonnull(hookconf_check_kind("visit.*"));
	ck_assert_ptr_nonnull(hookconf_check_kind("*.created"));
}
END_TEST

static bool wants(char **kinds, size_t count, const char *kind)
{
	const struct hookconf h = {.kinds = kinds, .kinds_count = count};

	return hookconf_wants(&h, kind, strlen(kind));
}

START_TEST(test_a_star_stands_for_the_rest)
{
	/* paravent.conf(5): kinds */
	char meeting[] = "meeting.*", lost[] = "call.lost", all[] = "*";
	char *two[] = {meeting, lost}, *any[] = {all};

	ck_assert(wants(two, 2, "meeting.created"));
	ck_assert(wants(two, 2, "call.lost"));
	ck_assert(!wants(two, 2, "call.lost.twice"));
	ck_assert(!wants(two, 2, "call.los"));
	ck_assert(!wants(two, 2, "meeting"));
	ck_assert(!wants(two, 2, "server.started"));
	ck_assert(wants(any, 1, "server.started"));
	ck_assert(wants(NULL, 0, "server.started"));
}
END_TEST

START_TEST(test_names_are_words)
{
	/* they stand in paths and log lines as they are */
	ck_assert_ptr_null(hookconf_check_name("dash-board_2"));
	ck_assert_ptr_null(hookconf_check_name("0123456789012345678901234567890123456789"));
	ck_assert_ptr_nonnull(
		hookconf_check_name("01234567890123456789012345678901234567890"));
	ck_assert_ptr_nonnull(hookconf_check_name(""));
	ck_assert_ptr_nonnull(hookconf_check_name("a/b"));
	ck_assert_ptr_nonnull(hookconf_check_name("a b"));
	ck_assert_ptr_nonnull(hookconf_check_name("a\nb"));
	ck_assert_ptr_nonnull(hookconf_check_name("\xc3\xa4"));
}
END_TEST

START_TEST(test_a_listed_place_has_no_query)
{
	/* webhooks.h: keys ride in queries */
	struct hookconf h = {.url = mem_copy("https://a/b?key=secret", 22)};
	struct buf b = BUF_INIT;

	hookconf_put_place(&h, &b);
	ck_assert_str_eq(b.p, "https://a/b");
	buf_fini(&b);
	hookconf_fini(&h);
}
END_TEST

UNIT_MAIN("hookconf", test_urls_that_can_be_sent_to, test_urls_that_are_refused,
	  test_plain_http_is_for_this_machine, test_kinds_are_those_of_facts,
	  test_a_star_stands_for_the_rest, test_names_are_words,
	  test_a_listed_place_has_no_query)
