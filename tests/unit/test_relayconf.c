#include "app/relayconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/relaysecret.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/turn.h"
#include "net/addr.h"
#include "unit.h"

static struct turn_conf built;

static struct turn_addr addr(const char *text)
{
	struct turn_addr a;

	ck_assert(turn_addr_parse(&a, text, 0));
	return a;
}

/* Reads the text on a machine with loopback and one private and one public address. */
static int build(const char *text)
{
	const struct turn_own own[] = {
		{addr("127.0.0.1"), 8}, {addr("::1"), 128}, {addr("10.0.0.5"), 24},
		{addr("20.0.0.5"), 24}, {addr("2600::5"), 64},
	};
	struct buf errors = BUF_INIT;
	struct conf conf;
	int err;

	ck_assert_int_eq(conf_parse(&conf, "t", text, strlen(text), &errors), 0);
	err = relayconf_build(&built, &conf, own, ARRAY_LEN(own), &errors);
	conf_fini(&conf);
	buf_fini(&errors);
	return err;
}

static void expect(const struct turn_relay_addr *a, const char *bind, const char *seen)
{
	struct turn_addr b = addr(bind), s = addr(seen);

	ck_assert(a->on);
	ck_assert(turn_addr_same_ip(&a->bind, &b));
	ck_assert(turn_addr_same_ip(&a->advertise, &s));
}

START_TEST(test_the_tryout_relays_on_loopback)
{
	/* No file at all: two windows of one browser meet through the relay. */
	ck_assert_int_eq(build(""), 0);
	expect(&built.v4, "127.0.0.1", "127.0.0.1");
	expect(&built.v6, "::1", "::1");
	ck_assert_str_eq(built.realm, "localhost");
	ck_assert_uint_eq(built.port_min, 49152);
	ck_assert(!built.peers.allow_loopback);
	ck_assert(!built.rfc5766_channels);
}
END_TEST

START_TEST(test_all_addresses_mean_the_best_one)
{
	/* Of several, one that the world can reach. */
	ck_assert_int_eq(build("public-url = https://a.example\n"
			       "stun-listen = {\"0.0.0.0:3478\", \"[::]:3478\"}"), 0);
	expect(&built.v4, "20.0.0.5", "20.0.0.5");
	expect(&built.v6, "2600::5", "2600::5");
	ck_assert_str_eq(built.realm, "a.example");
}
END_TEST

START_TEST(test_behind_translation_two_addresses_are_known)
{
	/* turn.md W8: bound inside, told outside; an own address is bound itself. */
	ck_assert_int_eq(build("stun-listen = 10.0.0.5:3478\nrelay-address = 203.0.113.5"),
			 0);
	expect(&built.v4, "10.0.0.5", "203.0.113.5");
	ck_assert_int_eq(build("stun-listen = 0.0.0.0:3478\nrelay-address = 10.0.0.5"), 0);
	expect(&built.v4, "10.0.0.5", "10.0.0.5");
}
END_TEST

START_TEST(test_of_several_listened_the_best_is_told)
{
	/* Whatever comes first: nobody out there reaches loopback. */
	ck_assert_int_eq(build("public-url = https://a.example\n"
			       "stun-listen = {\"127.0.0.1:3478\", \"10.0.0.5:3478\", "
			       "\"20.0.0.5:3478\", \"[::1]:3478\"}"), 0);
	expect(&built.v4, "20.0.0.5", "20.0.0.5");
	expect(&built.v6, "::1", "::1");
	ck_assert_int_eq(build("public-url = https://a.example\n"
			       "stun-listen = {\"127.0.0.1:3478\", \"0.0.0.0:3479\"}"),
			 0);
	expect(&built.v4, "20.0.0.5", "20.0.0.5");
}
END_TEST

START_TEST(test_limits_are_lifted_on_loopback_alone)
{
	/* What tests need must not be left behind where patients are served. */
	static const char *const open[] = {
		"public-url = https://a.example\nlisten = 0.0.0.0:443",
		"public-url = https://a.example\nlisten = \"127.0.0.1:80\"\n"
		"stun-listen = 20.0.0.5:3478",
		"public-url = https://a.example\nlisten = \"127.0.0.1:80\"\n"
		"stun-listen = {\"[::1]:3478\", \"[2600::5]:3478\"}",
	};

	setenv("PARAVENT_RELAY_TEST", "1", 1);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		ck_assert_int_eq(build(open[i]), ERR_FORBIDDEN);
	ck_assert_int_eq(build(""), 0);
	ck_assert(built.rfc5766_channels);
	unsetenv("PARAVENT_RELAY_TEST");
	for (size_t i = 0; i < ARRAY_LEN(open); i++) {
		ck_assert_int_eq(build(open[i]), 0);
		ck_assert(!built.rfc5766_channels);
		ck_assert_uint_eq(built.user_allocations, 16);
	}
}
END_TEST

START_TEST(test_a_family_that_we_do_not_listen_on_is_off)
{
	/* Clients that ask for it get 440 (turn.md L6). */
	ck_assert_int_eq(build("listen = 127.0.0.1:80\nstun-listen = 127.0.0.1:3478"), 0);
	ck_assert(built.v4.on);
	ck_assert(!built.v6.on);
	ck_assert_int_eq(build("listen = 127.0.0.1:80\nstun-listen = {}"), 0);
	expect(&built.v4, "127.0.0.1", "127.0.0.1");
}
END_TEST

START_TEST(test_peers_are_the_operators)
{
	/* turn.md G5; loopback is opened by name alone. */
	ck_assert_int_eq(build("relay-peer-allow = {10.20.0.0/16}\n"
			       "relay-peer-deny = {20.1.0.0/16, 20.2.0.0/16}"), 0);
	ck_assert_uint_eq(built.peers.allow_count, 1);
	ck_assert_uint_eq(built.peers.deny_count, 2);
	ck_assert_uint_eq(built.peers.deny_port_count, 6);
	ck_assert_uint_eq(built.peers.deny_port[5], 11211);
	ck_assert(!built.peers.allow_loopback);
	ck_assert_int_eq(build("relay-peer-allow = {0.0.0.0/0, \"::/0\"}"), 0);
	ck_assert(!built.peers.allow_loopback);
	ck_assert_int_eq(build("relay-peer-allow = 127.0.0.0/8"), 0);
	ck_assert(built.peers.allow_loopback);
	ck_assert_int_eq(build("relay-peer-allow = \"::1\""), 0);
	ck_assert(built.peers.allow_loopback);
}
END_TEST

START_TEST(test_secrets_are_made_once_and_kept)
{
	/* Made at first start, 0600; the second line is the secret before (A13). */
	char folder[] = "/tmp/paravent-secret-XXXXXX", path[64], current[64];
	struct turncred_secrets s, again;
	struct buf why = BUF_INIT;
	struct stat st;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/relay.secret", folder);
	ck_assert_int_eq(relaysecret_load(&s, folder, false, &why), ERR_NOT_FOUND);
	ck_assert_int_eq(relaysecret_load(&s, folder, true, &why), 0);
	ck_assert_uint_ge(strlen(s.current), 43);
	ck_assert_str_eq(s.previous, "");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(relaysecret_load(&again, folder, true, &why), 0);
	ck_assert_str_eq(again.current, s.current);

	strcpy(current, s.current);
	f = fopen(path, "w");
	fprintf(f, "a-new-one-that-is-long-enough\n%s\n", current);
	fclose(f);
	ck_assert_int_eq(relaysecret_load(&s, folder, false, &why), 0);
	ck_assert_str_eq(s.current, "a-new-one-that-is-long-enough");
	ck_assert_str_eq(s.previous, current);

	chmod(path, 0640);
	ck_assert_int_eq(relaysecret_load(&s, folder, false, &why), ERR_FORBIDDEN);
	chmod(path, 0600);
	f = fopen(path, "w");
	fputs("short\n", f);
	fclose(f);
	ck_assert_int_eq(relaysecret_load(&s, folder, true, &why), ERR_MALFORMED);
	f = fopen(path, "w");
	fputs("one-line-that-is-long-enough\nanother-that-is-long-enough\n"
	      "a-third-that-is-long-enough\n", f);
	fclose(f);
	ck_assert_int_eq(relaysecret_load(&s, folder, true, &why), ERR_MALFORMED);
	ck_assert_str_eq(s.current, "a-new-one-that-is-long-enough");
	unlink(path);
	rmdir(folder);
	buf_fini(&why);
}
END_TEST

UNIT_MAIN("relayconf", test_the_tryout_relays_on_loopback,
	  test_all_addresses_mean_the_best_one,
	  test_behind_translation_two_addresses_are_known,
	  test_of_several_listened_the_best_is_told,
	  test_limits_are_lifted_on_loopback_alone,
	  test_a_family_that_we_do_not_listen_on_is_off, test_peers_are_the_operators,
	  test_secrets_are_made_once_and_kept)
