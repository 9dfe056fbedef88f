#include "net/loop.h"

#include <arpa/inet.h>

#include "live.h"
#include "net/addr.h"
#include "unit.h"

#define MANY 5000

static struct live live;
static unsigned fired;

struct mark {
	struct loop_timer timer;
	uint64_t due_ms, fired_ms;
};

static void on_time(struct loop_timer *t)
{
	struct mark *m = CONTAINER_OF(t, struct mark, timer);

	ck_assert_uint_eq(m->fired_ms, 0);
	m->fired_ms = loop_now_ms(live.loop);
	fired++;
}

START_TEST(test_timers_come_in_time_and_once)
{
	/* Never early, at most a tick or two late, by the thousand. */
	struct mark *marks = mem_new(MANY * sizeof(*marks));
	uint64_t now;

	fired = 0;
	live_init(&live);
	now = loop_now_ms(live.loop);
	for (unsigned i = 0; i < MANY; i++) {
		marks[i].due_ms = now + i % 400;
		loop_timer_init(&marks[i].timer, on_time);
		loop_timer_set(live.loop, &marks[i].timer, marks[i].due_ms);
	}
	LIVE_UNTIL(&live, fired == MANY);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_ge(marks[i].fired_ms, marks[i].due_ms);
		ck_assert_uint_le(marks[i].fired_ms, marks[i].due_ms + 4 * LOOP_TICK_MS);
	}
	free(marks);
	live_fini(&live);
}
END_TEST

START_TEST(test_timers_move_and_stop)
{
	/* Later, earlier, never; further away than the wheel is large. */
	struct mark later = {0}, never = {0}, far = {0};
	uint64_t now;

	fired = 0;
	live_init(&live);
	now = loop_now_ms(live.loop);
	loop_timer_init(&later.timer, on_time);
	loop_timer_init(&never.timer, on_time);
	loop_timer_init(&far.timer, on_time);
	loop_timer_set(live.loop, &later.timer, now + 50);
	loop_timer_set(live.loop, &later.timer, now + 300);
	loop_timer_set(live.loop, &never.timer, now + 100);
	loop_timer_stop(live.loop, &never.timer);
	loop_timer_stop(live.loop, &never.timer);
	/* 1024 ticks are a turn: this one lies in a slot that passes at once */
	loop_timer_set(live.loop, &far.timer, now + 1024 * LOOP_TICK_MS + 100);
	LIVE_UNTIL(&live, fired == 1);
	ck_assert_uint_ge(later.fired_ms, now + 300);
	live_wait(&live, 200);
	ck_assert_uint_eq(fired, 1);
	loop_timer_set(live.loop, &far.timer, now);
	LIVE_UNTIL(&live, fired == 2);
	ck_assert_uint_eq(never.fired_ms, 0);
	live_fini(&live);
}
END_TEST

static struct mark first, second;

static void stops_the_other(struct loop_timer *t)
{
	fired++;
	loop_timer_stop(live.loop, t == &first.timer ? &second.timer : &first.timer);
	if (fired == 1)
		loop_timer_set(live.loop, t, loop_now_ms(live.loop) + 100);
}

START_TEST(test_timers_may_stop_each_other)
{
	/* Two in one slot; the one that runs stops the other and sets itself again. */
	uint64_t now;

	fired = 0;
	live_init(&live);
	now = loop_now_ms(live.loop);
	loop_timer_init(&first.timer, stops_the_other);
	loop_timer_init(&second.timer, stops_the_other);
	loop_timer_set(live.loop, &first.timer, now + 100);
	loop_timer_set(live.loop, &second.timer, now + 100);
	LIVE_UNTIL(&live, fired == 2);
	live_wait(&live, 300);
	ck_assert_uint_eq(fired, 2);
	live_fini(&live);
}
END_TEST

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage sa = {0};
	struct sockaddr_in *v4 = (void *)&sa;
	struct sockaddr_in6 *v6 = (void *)&sa;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(443);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(443);
	}
	return sa;
}

START_TEST(test_addresses_are_counted_by_customer)
{
	/* A v4 address, written in v6 or not; the /64 of a v6 address. */
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8::1", "2001:db8::ffff:0:0:2", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"0.0.0.0", "::", false},
	};
	char text[ADDR_TEXT_SIZE];
	struct sockaddr_storage sa;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sockaddr_storage a = address(cases[i].a), b = address(cases[i].b);
		uint8_t ka[ADDR_KEY_SIZE], kb[ADDR_KEY_SIZE];
		size_t na = addr_key(ka, (struct sockaddr *)&a);
		size_t nb = addr_key(kb, (struct sockaddr *)&b);

		ck_assert_msg((na == nb && !memcmp(ka, kb, na)) == cases[i].same, "%zu", i);
	}
	sa = address("::ffff:192.0.2.1");
	addr_text_port(text, (struct sockaddr *)&sa);
	ck_assert_str_eq(text, "192.0.2.1:443");
	sa = address("2001:db8::1");
	addr_text_port(text, (struct sockaddr *)&sa);
	ck_assert_str_eq(text, "[2001:db8::1]:443");
	sa = address("127.8.9.10");
	ck_assert(addr_is_loopback((struct sockaddr *)&sa));
	sa = address("::ffff:127.0.0.1");
	ck_assert(addr_is_loopback((struct sockaddr *)&sa));
	sa = address("::1");
	ck_assert(addr_is_loopback((struct sockaddr *)&sa));
	sa = address("128.0.0.1");
	ck_assert(!addr_is_loopback((struct sockaddr *)&sa));
}
END_TEST

UNIT_MAIN("loop", test_timers_come_in_time_and_once, test_timers_move_and_stop,
	  test_timers_may_stop_each_other, test_addresses_are_counted_by_customer)
