#include "net/relaysock.h"

#include <stdio.h>

#include "base/err.h"
#include "live.h"
#include "unit.h"

static struct live live;
static struct batch *batch;
static struct relaysock *sock;
static struct turn_addr where;
static unsigned seen;
static int owner;

/* Sends it back with four bytes before it, framed in place. */
static void on_peer(void *arg, void *who, const struct turn_addr *peer, uint8_t *data,
		    size_t len)
{
	ck_assert_ptr_eq(arg, &live);
	ck_assert_ptr_eq(who, &owner);
	ck_assert_int_eq(peer->family, 4);
	seen++;
	memcpy(data - 4, "back", 4);
	memset(data + len, 0, BATCH_TAILROOM);
	relaysock_send(sock, peer, data - 4, len + 4, false);
}

static int begin(void)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int fd, err;

	seen = 0;
	live_init(&live);
	batch = batch_new(live.base);
	ck_assert(turn_addr_parse(&where, "127.0.0.1", 21000));
	do
		err = relaysock_open(&sock, live.base, batch, &where, on_peer, &live);
	while (err == ERR_CONFLICT && where.port++ < 22000);
	ck_assert_int_eq(err, 0);
	len = turn_addr_sockaddr(&sa, &where);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static void end(int fd)
{
	close(fd);
	relaysock_close(sock);
	batch_free(batch);
	live_fini(&live);
}

START_TEST(test_nobody_else_gets_the_port)
{
	/* Neither we nor a program that asks for SO_REUSEADDR (turn.md L14). */
	struct sockaddr_storage sa;
	socklen_t len;
	struct relaysock *second;
	const int on = 1;
	int fd = begin(), other = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(relaysock_open(&second, live.base, batch, &where, on_peer, &live),
			 ERR_CONFLICT);
	setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	len = turn_addr_sockaddr(&sa, &where);
	ck_assert_int_eq(bind(other, (struct sockaddr *)&sa, len), -1);
	close(other);
	end(fd);
}
END_TEST

START_TEST(test_it_is_read_when_it_has_an_owner)
{
	/* A reserved port waits for whoever redeems it. */
	char back[16];
	int fd = begin();

	ck_assert_int_eq(send(fd, "early", 5, 0), 5);
	live_wait(&live, 20);
	ck_assert_uint_eq(seen, 0);
	relaysock_attach(sock, &owner);
	LIVE_UNTIL(&live, seen == 1);
	ck_assert_int_eq(recv(fd, back, sizeof(back), 0), 9);
	ck_assert_mem_eq(back, "backearly", 9);
	end(fd);
}
END_TEST

START_TEST(test_a_burst_comes_whole_and_in_order)
{
	/* 64 of 1200 bytes in flight lose nothing (the bar), by one or by many. */
	static char data[1200];
	struct batch_counts c;
	int fd = begin();

	relaysock_attach(sock, &owner);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 64; i++) {
			snprintf(data, sizeof(data), "%05d", i);
			ck_assert_int_eq(send(fd, data, sizeof(data), 0), sizeof(data));
		}
		LIVE_UNTIL(&live, seen == 64u * (unsigned)(round + 1));
		for (int i = 0; i < 64; i++) {
			char back[1300], want[16];

			snprintf(want, sizeof(want), "back%05d", i);
			ck_assert_int_eq(recv(fd, back, sizeof(back), 0), 1204);
			ck_assert_mem_eq(back, want, 9);
		}
	}
	batch_counts(batch, &c);
	ck_assert_uint_eq(c.sent, 320);
	ck_assert_uint_lt(c.sends, 200);	/* it has learned to fetch many */
	end(fd);
}
END_TEST

START_TEST(test_a_pair_goes_on_as_one_send)
{
	/* Half of the system calls, and of the kernel's work for each. */
	struct batch_counts c;
	int fd = begin();

	relaysock_attach(sock, &owner);
	for (unsigned round = 1; round <= 5; round++) {
		ck_assert_int_eq(send(fd, "one", 3, 0), 3);
		ck_assert_int_eq(send(fd, "two", 3, 0), 3);
		LIVE_UNTIL(&live, seen == 2 * round);
		batch_counts(batch, &c);
		ck_assert_uint_eq(c.sent, 2 * round);
		ck_assert_uint_eq(c.sends, round);
	}
	end(fd);
}
END_TEST

START_TEST(test_dont_fragment_is_for_one_datagram)
{
	/* Those before and behind it leave without, in order (RFC 8656 section 14). */
	struct turn_addr to;
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char back[8];
	int fd = begin();

	getsockname(fd, (struct sockaddr *)&sa, &len);
	ck_assert(turn_addr_of(&to, (struct sockaddr *)&sa));
	relaysock_send(sock, &to, (const uint8_t *)"1", 1, false);
	relaysock_send(sock, &to, (const uint8_t *)"2", 1, true);
	relaysock_send(sock, &to, (const uint8_t *)"3", 1, false);
	live_turn(&live);
	for (char want = '1'; want <= '3'; want++) {
		ck_assert_int_eq(recv(fd, back, sizeof(back), 0), 1);
		ck_assert_int_eq(back[0], want);
	}
	end(fd);
}
END_TEST

START_TEST(test_closing_sends_what_waits)
{
	/* The last words of an allocation that ends in the same turn. */
	struct turn_addr to;
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char back[8];
	int fd = begin();

	getsockname(fd, (struct sockaddr *)&sa, &len);
	ck_assert(turn_addr_of(&to, (struct sockaddr *)&sa));
	relaysock_send(sock, &to, (const uint8_t *)"last", 4, false);
	relaysock_close(sock);
	sock = NULL;
	ck_assert_int_eq(recv(fd, back, sizeof(back), 0), 4);
	end(fd);
}
END_TEST

UNIT_MAIN("relaysock", test_nobody_else_gets_the_port, test_it_is_read_when_it_has_an_owner,
	  test_a_burst_comes_whole_and_in_order, test_a_pair_goes_on_as_one_send,
	  test_dont_fragment_is_for_one_datagram, test_closing_sends_what_waits)
