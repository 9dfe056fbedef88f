#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "proto/forwarded.h"

static struct cidr trusted[3];
static struct http_head head;
static char text[4096];

static void begin(const char *lines)
{
	ck_assert_int_eq(cidr_parse(&trusted[0], "127.0.0.1/32"), 0);
	ck_assert_int_eq(cidr_parse(&trusted[1], "10.0.0.0/8"), 0);
	ck_assert_int_eq(cidr_parse(&trusted[2], "2001:db8:1::/48"), 0);
	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
	ck_assert_int_gt(http_head_parse(&head, text, strlen(text)), 0);
}

/* The address that is believed, or "nobody". */
static const char *found(const char *value)
{
	static char out[TURN_ADDR_TEXT_SIZE];
	char line[2048];
	struct turn_addr a;

	snprintf(line, sizeof(line), "X-Forwarded-For: %s\r\n", value);
	begin(line);
	if (!forwarded_for(&a, &head, trusted, 3))
		return "nobody";
	ck_assert_uint_eq(a.port, 0);
	turn_addr_text(out, &a);
	return out;
}

START_TEST(test_the_last_that_is_no_proxy)
{
	/* what stands before it was written by whoever it is */
	static const char *const want[][2] = {
		{"192.0.2.1", "192.0.2.1"}, {" 192.0.2.1\t", "192.0.2.1"},
		{"198.51.100.9, 192.0.2.1", "192.0.2.1"},
		{"198.51.100.9,192.0.2.1 , 10.1.2.3,127.0.0.1", "192.0.2.1"},
		{"2001:db8:2::7, 2001:db8:1::1", "2001:db8:2::7"},
		{"2001:DB8:0002::7", "2001:db8:2::7"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"192.0.2.1, ::ffff:10.0.0.1", "192.0.2.1"},
		/* junk that nobody needs to read */
		{"unknown, \"evil\", 192.0.2.1", "192.0.2.1"},
		/* all are proxies: the one that began */
		{"10.9.9.9, 10.1.1.1", "10.9.9.9"},
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		ck_assert_str_eq(found(want[i][0]), want[i][1]);
}
END_TEST

START_TEST(test_junk_is_not_believed)
{
	/* forwarded.h: then nobody is; the caller takes the peer */
	static const char *const bad[] = {
		"", ",", "192.0.2.1,", "192.0.2.1, ,10.0.0.1", "unknown, 10.0.0.1",
		"192.0.2.1:80", "[2001:db8:2::7]", "192.0.2", "0192.0.2.1", "localhost",
		"192.0.2.1 10.0.0.1", "for=192.0.2.1", "192.0.2.1;10.0.0.1", "1.2.3.4/32",
		"2001:db8:2::7%eth0", "11111111111111111111111111111111111111111111111111",
	};
	char longer[FORWARDED_MAX + 64];
	struct turn_addr a;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(strcmp(found(bad[i]), "nobody") == 0, "%s", bad[i]);
	memset(longer, 'x', sizeof(longer));
	strcpy(longer + FORWARDED_MAX, ",192.0.2.1");
	ck_assert_str_eq(found(longer), "nobody");
	begin("");
	ck_assert(!forwarded_for(&a, &head, trusted, 3));
	begin("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n");
	ck_assert(!forwarded_for(&a, &head, trusted, 3));
}
END_TEST

START_TEST(test_the_scheme_is_said_once)
{
	/* http or https, and nothing else */
	begin("X-Forwarded-Proto: https\r\n");
	ck_assert_int_eq(forwarded_proto(&head), FORWARDED_HTTPS);
	begin("x-forwarded-proto: HTTP\r\n");
	ck_assert_int_eq(forwarded_proto(&head), FORWARDED_HTTP);
	begin("X-Forwarded-Proto: https, http\r\n");
	ck_assert_int_eq(forwarded_proto(&head), FORWARDED_UNSAID);
	begin("X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https\r\n");
	ck_assert_int_eq(forwarded_proto(&head), FORWARDED_UNSAID);
	begin("");
	ck_assert_int_eq(forwarded_proto(&head), FORWARDED_UNSAID);
}
END_TEST

UNIT_MAIN("forwarded", test_the_last_that_is_no_proxy, test_junk_is_not_believed,
	  test_the_scheme_is_said_once)
