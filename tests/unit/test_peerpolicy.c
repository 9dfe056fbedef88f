#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "core/peerpolicy.h"

/* The documented table once more, as text, judged in another way: one bit at a time. */
static const char *const denied[] = {
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
	"2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10",
	"ff00::/8",
	/* forms of v4 addresses */
	"::ffff:0:0/96", "::/96", "64:ff9b::/96",
};
#define DENIED (sizeof(denied) / sizeof(*denied))

struct net {
	struct turn_addr first;
	int bits;
};

static struct net nets[DENIED];

static int bit_of(const struct turn_addr *a, int i)
{
	const uint8_t *ip = a->family == 4 ? a->ip + 12 : a->ip;

	return ip[i / 8] >> (7 - i % 8) & 1;
}

static void set_bits(struct turn_addr *a, int from, int value)
{
	uint8_t *ip = a->family == 4 ? a->ip + 12 : a->ip;
	int max = a->family == 4 ? 32 : 128;

	for (int i = from; i < max; i++) {
		ip[i / 8] &= (uint8_t)~(1 << (7 - i % 8));
		ip[i / 8] |= (uint8_t)(value << (7 - i % 8));
	}
}

/* One more or less; false where there is none. */
static bool step(struct turn_addr *a, int by)
{
	for (int i = 15; i >= (a->family == 4 ? 12 : 0); i--) {
		a->ip[i] = (uint8_t)(a->ip[i] + by);
		if (a->ip[i] != (by > 0 ? 0 : 255))
			return true;
	}
	return false;
}

static bool slow_forbids(const struct turn_addr *a)
{
	for (size_t i = 0; i < DENIED; i++) {
		bool inside = nets[i].first.family == a->family;

		for (int b = 0; inside && b < nets[i].bits; b++)
			inside = bit_of(a, b) == bit_of(&nets[i].first, b);
		if (inside)
			return true;
	}
	return false;
}

static void read_nets(void)
{
	for (size_t i = 0; i < DENIED; i++) {
		char host[64];

		sscanf(denied[i], "%63[^/]/%d", host, &nets[i].bits);
		ck_assert(turn_addr_parse(&nets[i].first, host, 0));
	}
}

static const struct peerpolicy plain;

static bool forbids(const struct turn_addr *a)
{
	return peerpolicy_host(&plain, a) == PEER_FORBIDDEN;
}

static enum peer_verdict judge(const struct peerpolicy *p, const char *ip)
{
	struct turn_addr a;

	ck_assert(turn_addr_parse(&a, ip, 0));
	return peerpolicy_host(p, &a);
}

/* The v4 address inside the v6 form that `prefix` begins. */
static struct turn_addr embedded(const char *prefix, size_t at, const struct turn_addr *v4)
{
	struct turn_addr a;

	ck_assert(turn_addr_parse(&a, prefix, 0));
	memcpy(a.ip + at, v4->ip + 12, 4);
	return a;
}

static void no_encoding_passes(const struct turn_addr *v4)
{
	struct turn_addr form[] = {
		embedded("::ffff:0:0", 12, v4), embedded("::", 12, v4),
		embedded("64:ff9b::", 12, v4),	embedded("2002::1", 2, v4),
		embedded("64:ff9b:1::", 12, v4), embedded("2001::", 4, v4),
	};

	for (size_t i = 0; i < sizeof(form) / sizeof(*form); i++)
		ck_assert(forbids(&form[i]));
}

START_TEST(test_boundaries_of_every_range)
{
	/* G2, G3, V3: first and last are in, one before and one behind as the table says */
	read_nets();
	for (size_t i = 0; i < DENIED; i++) {
		struct turn_addr first = nets[i].first, last = first, before, behind;

		set_bits(&last, nets[i].bits, 1);
		ck_assert_msg(forbids(&first), "first of %s", denied[i]);
		ck_assert_msg(forbids(&last), "last of %s", denied[i]);
		before = first;
		if (step(&before, -1))
			ck_assert_msg(forbids(&before) == slow_forbids(&before),
				      "before %s", denied[i]);
		behind = last;
		if (step(&behind, 1))
			ck_assert_msg(forbids(&behind) == slow_forbids(&behind),
				      "behind %s", denied[i]);
		if (first.family == 4) {
			no_encoding_passes(&first);
			no_encoding_passes(&last);
			no_encoding_passes(&before);
			no_encoding_passes(&behind);
		}
	}
}
END_TEST

START_TEST(test_neighbours_of_ranges_are_allowed)
{
	/* G2, G3: the table is not larger than it says */
	static const char *const fine[] = {
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
		"126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0",
		"172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
		"192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255",
		"192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
		"198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
		"2001:200::", "2001:db7:ffff::1", "2001:db9::", "2003::",
		"2001:4860:4860::8888", "3ffe:ffff::", "4000::", "5eff:ffff::", "5f01::",
		"fbff:ffff::", "fe00::", "100:0:0:1::", "64:ff9c::", "64:ff9b:2::",
		"0:0:0:0:0:1::", "::1:0:0:0",
	};

	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		ck_assert_msg(judge(&plain, fine[i]) == PEER_ALLOWED, "%s", fine[i]);
}
END_TEST

START_TEST(test_what_coturn_let_through_is_refused)
{
	/* 0.8, 0.9: the forms and ranges of the incidents */
	static const char *const bad[] = {
		"0.0.0.0", "::", "::1", "127.0.0.1", "127.255.255.254",
		"::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1",
		"fd00::1", "fe80::1", "169.254.169.254", "::ffff:169.254.169.254",
		"10.1.2.3", "192.168.1.1", "100.64.0.1", "224.0.0.1", "239.255.255.250",
		"255.255.255.255", "240.0.0.1", "2001::1", "2001:0:1234::1", "ff02::1",
		"::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "::8.8.8.8",
		"fec0::1", "64:ff9b:1::a00:1", "2001:db8::1", "100::1",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(judge(&plain, bad[i]) == PEER_FORBIDDEN, "%s", bad[i]);
}
END_TEST

START_TEST(test_random_addresses_agree_with_the_slow_way)
{
	/* V3: a hundred thousand, half of them beside a boundary */
	struct turn_addr a;
	size_t refused = 0;

	read_nets();
	srandom(8656);
	for (int i = 0; i < 100000; i++) {
		uint8_t ip[16];
		bool forbidden;

		for (int b = 0; b < 16; b++)
			ip[b] = (uint8_t)random();
		if (i % 2)
			turn_addr_v4(&a, ip, 0);
		else
			turn_addr_v6(&a, ip, 0);
		if (i % 4 < 2) {
			const struct net *n = &nets[(size_t)random() % DENIED];

			if (n->first.family == a.family)
				for (int b = 0; b < n->bits - random() % 3; b++) {
					uint8_t *at = (a.family == 4 ? a.ip + 12 : a.ip) +
						      b / 8;
					int bit = 7 - b % 8;

					*at = (uint8_t)((*at & ~(1 << bit)) |
							bit_of(&n->first, b) << bit);
				}
		}
		forbidden = slow_forbids(&a);
		refused += forbidden;
		ck_assert_int_eq(forbids(&a), forbidden);
	}
	ck_assert_uint_gt(refused, 10000);
	ck_assert_uint_lt(refused, 90000);
}
END_TEST

START_TEST(test_allow_wins_over_the_table_and_deny)
{
	/* G5 */
	struct peerpolicy p = {0};

	ck_assert_int_eq(cidr_parse(&p.conf.allow[0], "192.168.7.0/24"), 0);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[1], "fd00:7::/32"), 0);
	p.conf.allow_count = 2;
	ck_assert_int_eq(cidr_parse(&p.conf.deny[0], "8.8.0.0/16"), 0);
	ck_assert_int_eq(cidr_parse(&p.conf.deny[1], "192.168.0.0/16"), 0);
	p.conf.deny_count = 2;
	ck_assert_int_eq(judge(&p, "192.168.7.9"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "192.168.8.9"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "fd00:7::9"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "fd00:8::9"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "8.8.8.8"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "8.9.8.8"), PEER_ALLOWED);
}
END_TEST

START_TEST(test_allow_never_opens_a_v6_form_of_v4)
{
	/* G1: judged as v4, then refused anyway */
	struct peerpolicy p = {0};

	ck_assert_int_eq(cidr_parse(&p.conf.allow[0], "::/0"), 0);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[1], "10.0.0.0/8"), 0);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[2], "fc00::/7"), 0);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[3], "2002::/16"), 0);
	p.conf.allow_count = 4;
	ck_assert_int_eq(judge(&p, "10.0.0.1"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "fd00::1"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "::ffff:10.0.0.1"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "64:ff9b::a00:1"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "2002:a00:1::"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "::1"), PEER_FORBIDDEN);
}
END_TEST

static void own(struct peerpolicy *p, const char *text, uint8_t bits)
{
	struct turn_own *one = &p->own[p->own_count++];

	ck_assert(turn_addr_parse(&one->addr, text, 0));
	one->bits = bits;
}

START_TEST(test_our_neighbours_are_refused)
{
	/* The door into the clinic's network: its hosts have public IPv6 addresses too,
	 * and a firewall before them that the relay stands behind. */
	struct peerpolicy p = {0};

	own(&p, "2600:5:0:7::5", 64);
	own(&p, "2600:6::5", 128);
	own(&p, "20.0.0.5", 24);
	own(&p, "30.0.0.5", 0);		/* a tunnel for everything */
	ck_assert_int_eq(judge(&p, "2600:5:0:7::6"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "2600:5:0:7:ffff::1"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "2600:5:0:8::6"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "2600:6::6"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "20.0.0.6"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "20.0.1.6"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "30.0.0.6"), PEER_ALLOWED);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[0], "::/0"), 0);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[1], "20.0.0.0/16"), 0);
	p.conf.allow_count = 2;
	ck_assert_int_eq(judge(&p, "2600:5:0:7::6"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "20.0.0.6"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "20.0.0.5"), PEER_OWN);
}
END_TEST

START_TEST(test_networks_anycast_is_own)
{
	/* G6: a machine that forwards answers to 2600:5:0:7::, on all its ports */
	struct peerpolicy p = {0};

	own(&p, "2600:5:0:7::5", 64);
	own(&p, "20.0.0.5", 24);
	ck_assert_int_eq(judge(&p, "2600:5:0:7::"), PEER_OWN);
	ck_assert_int_eq(judge(&p, "2600:5:0:7::8000:0:0"), PEER_FORBIDDEN);
	ck_assert_int_eq(judge(&p, "2600:5::"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "20.0.0.0"), PEER_FORBIDDEN);
}
END_TEST

START_TEST(test_allow_opens_a_range_from_within)
{
	/* G5: 0.0.0.0/0 is no permission for the resolver on 127.0.0.53, nor for the
	 * metadata of a cloud; and it still wins over `deny` */
	static const char *const shut[] = {
		"127.0.0.53", "127.0.0.1", "0.0.0.0", "169.254.169.254", "10.0.0.1",
		"172.16.0.1", "224.0.0.251", "255.255.255.255", "fe80::1", "ff02::fb",
		"fd00::1", "::1", "::",
	};
	struct peerpolicy p = {0};

	ck_assert_int_eq(cidr_parse(&p.conf.allow[0], "0.0.0.0/0"), 0);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[1], "::/0"), 0);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[2], "160.0.0.0/3"), 0);
	p.conf.allow_count = 3;
	ck_assert_int_eq(cidr_parse(&p.conf.deny[0], "8.8.0.0/16"), 0);
	p.conf.deny_count = 1;
	for (size_t i = 0; i < sizeof(shut) / sizeof(*shut); i++)
		ck_assert_msg(judge(&p, shut[i]) == PEER_FORBIDDEN, "%s", shut[i]);
	ck_assert_int_eq(judge(&p, "8.8.8.8"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "2600::1"), PEER_ALLOWED);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[2], "172.16.0.0/12"), 0);
	ck_assert_int_eq(judge(&p, "172.31.255.255"), PEER_ALLOWED);
}
END_TEST

START_TEST(test_own_addresses_come_first)
{
	/* G6: before allow, deny and the test switch */
	struct peerpolicy p = {0};

	own(&p, "10.0.0.5", 32);
	own(&p, "127.0.0.1", 8);
	own(&p, "20.0.0.5", 32);
	ck_assert_int_eq(cidr_parse(&p.conf.allow[0], "10.0.0.0/8"), 0);
	p.conf.allow_count = 1;
	p.conf.allow_loopback = true;
	ck_assert_int_eq(judge(&p, "10.0.0.5"), PEER_OWN);
	ck_assert_int_eq(judge(&p, "10.0.0.6"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "20.0.0.5"), PEER_OWN);
	ck_assert_int_eq(judge(&p, "127.0.0.1"), PEER_OWN);
	ck_assert_int_eq(judge(&p, "127.0.0.2"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "::1"), PEER_ALLOWED);
	ck_assert_int_eq(judge(&p, "::ffff:20.0.0.5"), PEER_FORBIDDEN);
}
END_TEST

START_TEST(test_ports)
{
	/* G4 */
	struct peerpolicy p = {.conf = {.deny_port = {53, 123}, .deny_port_count = 2}};

	ck_assert(!peerpolicy_port(&p, 0));
	ck_assert(!peerpolicy_port(&p, 53));
	ck_assert(!peerpolicy_port(&p, 123));
	ck_assert(peerpolicy_port(&p, 1));
	ck_assert(peerpolicy_port(&p, 65535));
	ck_assert(peerpolicy_port(&plain, 53));
}
END_TEST

START_TEST(test_cidr_is_strict)
{
	/* G5: a typing error stops the start */
	static const char *const bad[] = {
		"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
		"10.0.0.0/ 8", "10.0.0.1/8", "10.0.0/8", "fd00::/129", "fd00::1/64",
		"fd00::/7",
		"clinic.example/8", "10.0.0.0/8/8", "010.0.0.0/8", "10.0.0.0/+8",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222/64",
		"10.0.0.0/99999999999999999999",
	};
	static const char *const good[] = {"0.0.0.0/0", "10.0.0.5", "10.0.0.5/32",
					   "::/0", "fc00::/7", "fd00::5", "fd00::5/128"};
	struct cidr c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(cidr_parse(&c, bad[i]) == ERR_MALFORMED, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(cidr_parse(&c, good[i]) == 0, "%s", good[i]);
}
END_TEST

START_TEST(test_table_in_force_is_told)
{
	/* G5: for the log at the start */
	struct peerpolicy_conf conf = {.deny_port = {53}, .deny_port_count = 1};
	struct buf out = BUF_INIT;

	ck_assert_int_eq(cidr_parse(&conf.allow[0], "192.168.7.0/24"), 0);
	conf.allow_count = 1;
	peerpolicy_text(&conf, &out);
	for (size_t i = 0; i < DENIED; i++) {
		char line[80];

		snprintf(line, sizeof(line), "deny %s\n", denied[i]);
		ck_assert_msg(strstr(out.p, line) != NULL, "%s", line);
	}
	ck_assert_ptr_nonnull(strstr(out.p, "allow 192.168.7.0/24\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "deny networks of own addresses\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "deny port 0\ndeny port 53\n"));
	buf_fini(&out);
}
END_TEST

START_TEST(test_clients_of_tunnels)
{
	/* G3: as client source, Teredo and 6to4 */
	struct turn_addr a;

	ck_assert(turn_addr_parse(&a, "2001:0:ffff::1", 0) && !peerpolicy_client(&a));
	ck_assert(turn_addr_parse(&a, "2001:1::1", 0) && peerpolicy_client(&a));
	ck_assert(turn_addr_parse(&a, "2002::1", 0) && !peerpolicy_client(&a));
	ck_assert(turn_addr_parse(&a, "2003::1", 0) && peerpolicy_client(&a));
	ck_assert(turn_addr_parse(&a, "32.2.0.0", 0) && peerpolicy_client(&a));
}
END_TEST

/* For tests/peer-policy.py: an address a line in, 0 (refused) or 1 a line out. */
static int judge_lines(void)
{
	char line[TURN_ADDR_TEXT_SIZE + 1];

	while (fgets(line, sizeof(line), stdin)) {
		struct turn_addr a;

		line[strcspn(line, "\n")] = '\0';
		if (!turn_addr_parse(&a, line, 0))
			return EXIT_FAILURE;
		puts(forbids(&a) ? "0" : "1");
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		test_boundaries_of_every_range, test_neighbours_of_ranges_are_allowed,
		test_what_coturn_let_through_is_refused,
		test_random_addresses_agree_with_the_slow_way,
		test_allow_wins_over_the_table_and_deny,
		test_allow_never_opens_a_v6_form_of_v4,
		test_our_neighbours_are_refused, test_networks_anycast_is_own,
		test_allow_opens_a_range_from_within, test_own_addresses_come_first,
		test_ports, test_cidr_is_strict, test_table_in_force_is_told,
		test_clients_of_tunnels,
	};

	if (argc == 2 && !strcmp(argv[1], "--judge"))
		return judge_lines();
	return unit_run("peerpolicy", tests, sizeof(tests) / sizeof(*tests));
}
