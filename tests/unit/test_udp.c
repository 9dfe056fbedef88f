#include "net/udp.h"

#include <stdio.h>

#include "base/err.h"
#include "live.h"
#include "unit.h"

static struct live live;
static struct udp *udp;
static unsigned seen;

/* Answers each datagram with itself turned round; "" and "-" with nothing. */
static size_t turn_round(void *arg, const struct sockaddr *peer, const uint8_t *data,
			 size_t len, uint8_t *reply)
{
	ck_assert_ptr_eq(arg, &live);
	ck_assert_int_eq(peer->sa_family, AF_INET);
	seen++;
	if (len && data[0] == '-')
		return 0;
	for (size_t i = 0; i < len; i++)
		reply[i] = data[len - 1 - i];
	return len;
}

static int begin(in_addr_t bound, in_addr_t to)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct buf why = BUF_INIT;
	int fd;

	seen = 0;
	live_init(&live);
	sa.sin_addr.s_addr = htonl(bound);
	ck_assert_int_eq(udp_new(&udp, live.loop, (struct sockaddr *)&sa, sizeof(sa),
				 turn_round, &live, &why), 0);
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
	live_fini(&live);
}

START_TEST(test_datagrams_are_answered_in_batches)
{
	/* A hundred at once, each reply to its own request, silence where there is none. */
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);
	unsigned got = 0;

	for (int i = 0; i < 100; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%s%03d", i % 10 ? "" : "-", i);

		ck_assert_int_eq(send(fd, text, (size_t)n, 0), n);
	}
	LIVE_UNTIL(&live, seen == 100);
	for (int i = 0; i < 100; i++) {
		char text[16], back[8] = "";

		if (i % 10 == 0)
			continue;
		snprintf(text, sizeof(text), "%03d", i);
		ck_assert_int_eq(recv(fd, back, sizeof(back), 0), 3);
		ck_assert_int_eq(back[0], text[2]);
		ck_assert_int_eq(back[2], text[0]);
		got++;
	}
	ck_assert_uint_eq(got, 90);
	ck_assert_uint_eq(udp_counts(udp)->received, 100);
	ck_assert_uint_eq(udp_counts(udp)->answered, 90);
	end(fd);
}
END_TEST

START_TEST(test_reply_leaves_from_where_it_was_asked)
{
	/* A socket bound to all addresses; the client is connected and sees no other. */
	int fd = begin(INADDR_ANY, INADDR_LOOPBACK + 4);
	char back[8];

	ck_assert_int_eq(send(fd, "abc", 3, 0), 3);
	LIVE_UNTIL(&live, recv(fd, back, sizeof(back), 0) == 3);
	ck_assert(!memcmp(back, "cba", 3));
	end(fd);
}
END_TEST

START_TEST(test_bad_datagrams_and_lost_clients_do_no_harm)
{
	/* Empty, too long, and a client that is gone when its reply comes. */
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);
	char large[4000] = "x", back[8];
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	int other = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(send(fd, "", 0, 0), 0);
	ck_assert_int_eq(send(fd, large, sizeof(large), 0), sizeof(large));
	getpeername(fd, (struct sockaddr *)&sa, &len);
	ck_assert_int_eq(sendto(other, "gone", 4, 0, (struct sockaddr *)&sa, len), 4);
	close(other);
	LIVE_UNTIL(&live, udp_counts(udp)->received == 3);
	ck_assert_uint_eq(seen, 2);
	live_wait(&live, 20);
	ck_assert_int_eq(send(fd, "abc", 3, 0), 3);
	LIVE_UNTIL(&live, recv(fd, back, sizeof(back), 0) == 3);
	end(fd);
}
END_TEST

START_TEST(test_a_taken_port_is_told)
{
	/* ERR_CONFLICT and a sentence. */
	int fd = begin(INADDR_LOOPBACK, INADDR_LOOPBACK);
	struct sockaddr_in sa = {.sin_family = AF_INET};
	struct buf why = BUF_INIT;
	struct udp *second;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons(udp_port(udp));
	ck_assert_int_eq(udp_new(&second, live.loop, (struct sockaddr *)&sa, sizeof(sa),
				 turn_round, NULL, &why), ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(why.p, "127.0.0.1:"));
	buf_fini(&why);
	end(fd);
}
END_TEST

UNIT_MAIN("udp", test_datagrams_are_answered_in_batches,
	  test_reply_leaves_from_where_it_was_asked,
	  test_bad_datagrams_and_lost_clients_do_no_harm, test_a_taken_port_is_told)
