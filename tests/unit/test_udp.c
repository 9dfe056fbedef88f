#include "net/udp.h"

#include <stdio.h>

#include "base/err.h"
#include "live.h"
#include "unit.h"

static struct live live;
static struct batch *batch;
static struct udp *udp;
static unsigned seen;
static bool copies;

/* Answers each datagram with itself, in place or copied; "-" with nothing. */
static void echo(void *arg, struct udp *u, const struct turn_addr *peer,
		 const struct turn_addr *local, uint8_t *data, size_t len)
{
	ck_assert_ptr_eq(arg, &live);
	ck_assert_ptr_eq(u, udp);
	ck_assert_int_eq(peer->family, 4);
	ck_assert_uint_eq(local->port, udp_port(udp));
	seen++;
	if (len && data[0] == '-')
		return;
	if (copies)
		udp_send_copy(u, local, peer, data, len);
	else
		udp_send(u, local, peer, data, len);
}

static int begin(in_addr_t bound, in_addr_t to)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct buf why = BUF_INIT;
	int fd;

	seen = 0;
	copies = false;
	live_init(&live);
	batch = batch_new(live.base);
	sa.sin_addr.s_addr = htonl(bound);
	ck_assert_int_eq(udp_new(&udp, live.base, batch, (struct sockaddr *)&sa, sizeof(sa),
				 echo, &live, &why), 0);
	sa.sin_addr.s_addr = htonl(to);
	sa.sin_port = htons(udp_port(udp));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void end(int fd)
{
	close(fd);
	udp_free(udp);
	batch_free(batch);
	live_fini(&live);
}

/* How many came back; each must be the next of 0..count-1 with the length it had. */
static void expect_numbers(int fd, int count, size_t len_of(int))
{
	for (int i = 0; i < count; i++) {
		char back[2100], want[16];
		int n = snprintf(want, sizeof(want), "%05d", i);

		ck_assert_int_eq(recv(fd, back, sizeof(back), 0), (ssize_t)len_of(i));
		ck_assert_mem_eq(back, want, (size_t)n);
	}
	ck_assert_int_eq(recv(fd, &(char){0}, 1, 0), -1);
}

static void send_numbers(int fd, int count, size_t len_of(int))
{
	static char data[2100];

	for (int i = 0; i < count; i++) {
		snprintf(data, sizeof(data), "%05d", i);
		ck_assert_int_eq(send(fd, data, len_of(i), 0), (ssize_t)len_of(i));
	}
}

static size_t small(int i)
{
	return 5 + (size_t)i % 7;
}

static size_t same(int i)
{
	(void)i;
	return 1000;
}

/* Runs of equal length, each with a shorter or a longer one behind it. */
static size_t runs(int i)
{
	return i % 10 == 9 ? 700 + (size_t)(i % 20) * 40 : 900;
}

START_TEST(test_a_hundred_at_once_are_answered_in_order)
{
	/* In place and copied; more than one recvmmsg() fetches. */
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);

	send_numbers(fd, 100, small);
	LIVE_UNTIL(&live, seen == 100);
	expect_numbers(fd, 100, small);
	copies = true;
	send_numbers(fd, 100, small);
	LIVE_UNTIL(&live, seen == 200);
	expect_numbers(fd, 100, small);
	end(fd);
}
END_TEST

START_TEST(test_runs_leave_by_few_system_calls)
{
	/* 64 of a kind are one send (UDP_SEGMENT), and arrive as 64 in order (W5). */
	struct batch_counts c;
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);

	send_numbers(fd, 64, same);
	LIVE_UNTIL(&live, seen == 64);
	expect_numbers(fd, 64, same);
	batch_counts(batch, &c);
	ck_assert_uint_eq(c.received, 64);
	ck_assert_uint_eq(c.sent, 64);
	ck_assert_uint_le(c.sends, 2);
	ck_assert_uint_eq(c.refused, 0);
	end(fd);
}
END_TEST

START_TEST(test_mixed_lengths_keep_their_order)
{
	/* A shorter one may end a run, a longer one begins another; none is moved. */
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);

	send_numbers(fd, 100, runs);
	LIVE_UNTIL(&live, seen == 100);
	expect_numbers(fd, 100, runs);
	end(fd);
}
END_TEST

START_TEST(test_datagram_that_cannot_leave_takes_no_other_along)
{
	/* A run too long for the path is sent singly; what the kernel refuses is lost
	 * alone (turn.md 0.18, N4). */
	static uint8_t data[4][1400];
	struct turn_addr nowhere, here;
	struct batch_counts c;
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);

	getsockname(fd, (struct sockaddr *)&sa, &len);
	ck_assert(turn_addr_of(&here, (struct sockaddr *)&sa));
	ck_assert(turn_addr_parse(&nowhere, "255.255.255.255", 9));
	for (int i = 0; i < 4; i++)
		udp_send(udp, NULL, &nowhere, data[i], sizeof(data[i]));
	for (int i = 0; i < 4; i++)
		udp_send(udp, NULL, &here, data[i], sizeof(data[i]));
	batch_flush(batch);
	batch_counts(batch, &c);
	ck_assert_uint_eq(c.refused, 4);
	ck_assert_uint_eq(c.sent, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(recv(fd, data[0], sizeof(data[0]), 0), sizeof(data[0]));
	end(fd);
}
END_TEST

START_TEST(test_reply_leaves_from_the_address_that_was_asked)
{
	/* Bound to all addresses, asked at 127.0.0.2: a connected client hears no other. */
	int fd = begin(INADDR_ANY, INADDR_LOOPBACK + 1);

	send_numbers(fd, 8, same);
	LIVE_UNTIL(&live, seen == 8);
	expect_numbers(fd, 8, same);
	end(fd);
}
END_TEST

START_TEST(test_too_long_a_datagram_is_dropped)
{
	/* Longer than BATCH_DATAGRAM: counted, and nobody sees a part of it. */
	static char data[BATCH_DATAGRAM + 1];
	struct batch_counts c;
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);

	ck_assert_int_eq(send(fd, data, sizeof(data), 0), sizeof(data));
	ck_assert_int_eq(send(fd, "ok", 2, 0), 2);
	ck_assert_int_eq(send(fd, data, sizeof(data) - 1, 0), sizeof(data) - 1);
	LIVE_UNTIL(&live, seen == 2);
	batch_counts(batch, &c);
	ck_assert_uint_eq(c.cut, 1);
	ck_assert_uint_eq(c.received, 3);
	ck_assert_uint_eq(udp_lost(udp), 0);
	end(fd);
}
END_TEST

START_TEST(test_socket_in_use_is_said)
{
	/* The sentence names the address; the caller decides what to do. */
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(udp_port(udp))};
	struct buf why = BUF_INIT;
	struct udp *second;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(udp_new(&second, live.base, batch, (struct sockaddr *)&sa,
				 sizeof(sa), echo, &live, &why), ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(why.p, "127.0.0.1:"));
	buf_reset(&why);
	sa.sin_addr.s_addr = htonl(0xc0000201);
	ck_assert_int_eq(udp_new(&second, live.base, batch, (struct sockaddr *)&sa,
				 sizeof(sa), echo, &live, &why), ERR_NOT_FOUND);
	buf_fini(&why);
	end(fd);
}
END_TEST

UNIT_MAIN("udp", test_a_hundred_at_once_are_answered_in_order,
	  test_runs_leave_by_few_system_calls, test_mixed_lengths_keep_their_order,
	  test_datagram_that_cannot_leave_takes_no_other_along,
	  test_reply_leaves_from_the_address_that_was_asked,
	  test_too_long_a_datagram_is_dropped, test_socket_in_use_is_said)
