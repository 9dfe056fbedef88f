#include "unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/b64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "base/wire.h"

/* --- clock -------------------------------------------------------------------- */

static int64_t moment(const char *text)
{
	int64_t ms = INT64_MIN;

	ck_assert_msg(clock_rfc3339_parse(&ms, text, strlen(text)) == 0, "%s", text);
	return ms;
}

static void written(int64_t ms, const char *text)
{
	char out[CLOCK_RFC3339_SIZE];

	ck_assert_uint_eq(clock_rfc3339(out, ms), strlen(text));
	ck_assert_str_eq(out, text);
}

START_TEST(test_time_is_written_in_utc)
{
	/* protocol.md, conventions: RFC 3339 with a Z, milliseconds where not zero */
	written(0, "1970-01-01T00:00:00Z");
	written(1795167000000, "2026-11-20T09:30:00Z");
	written(1795167000007, "2026-11-20T09:30:00.007Z");
	written(-1, "1969-12-31T23:59:59.999Z");
	written(951782400000, "2000-02-29T00:00:00Z");
	written(253402300799999, "9999-12-31T23:59:59.999Z");
	written(-62135596800000, "0001-01-01T00:00:00Z");
}
END_TEST

START_TEST(test_time_out_of_years_is_clamped)
{
	/* base/clock.h: years 1 to 9999 */
	written(INT64_MIN, "0001-01-01T00:00:00Z");
	written(INT64_MAX, "9999-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(test_time_is_read_with_any_offset)
{
	/* RFC 3339 section 5.8: these are the same moments */
	ck_assert_int_eq(moment("1985-04-12T23:20:50.52Z"), 482196050520);
	ck_assert_int_eq(moment("1996-12-19T16:39:57-08:00"),
			 moment("1996-12-20T00:39:57Z"));
	ck_assert_int_eq(moment("1990-12-31T15:59:60-08:00"),
			 moment("1991-01-01T00:00:00Z"));
	ck_assert_int_eq(moment("1937-01-01T12:00:27.87+00:20"), -1041337172130);
	ck_assert_int_eq(moment("2026-11-20t09:30:00z"), 1795167000000);
	ck_assert_int_eq(moment("2026-11-20 09:30:00-00:00"), 1795167000000);
	ck_assert_int_eq(moment("2026-11-20T09:30:00.0079999Z"), 1795167000007);
	ck_assert_int_eq(moment("0001-01-01T00:00:00+23:59"),
			 -62135596800000 - (23 * 60 + 59) * 60000);
}
END_TEST

START_TEST(test_time_of_wrong_shape_is_refused)
{
	/* RFC 3339 sections 5.6 and 5.7 */
	static const char *const bad[] = {
		"", "2026", "2026-11-20", "2026-11-20T09:30Z", "2026-11-20T09:30:00",
		"2026-11-20T09:30:00.Z", "2026-11-20T09:30:00Zz",
		" 2026-11-20T09:30:00Z", "2026-11-20T09:30:00 Z",
		"2026-00-20T09:30:00Z", "2026-13-20T09:30:00Z",
		"2026-11-00T09:30:00Z", "2026-11-31T09:30:00Z",
		"2025-02-29T09:30:00Z", "1900-02-29T09:30:00Z",
		"2026-11-20T24:00:00Z", "2026-11-20T09:60:00Z",
		"2026-11-20T09:30:61Z", "0000-11-20T09:30:00Z",
		"-026-11-20T09:30:00Z", "2026-11-20T09:30:00+24:00",
		"2026-11-20T09:30:00+01:60", "2026-11-20T09:30:00+0100",
		"2026-11-20T09:30:00+1", "2026-11-20X09:30:00Z",
		"2026/11/20T09:30:00Z", "20261120T093000Z",
	};
	int64_t ms;
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(clock_rfc3339_parse(&ms, bad[i], strlen(bad[i])) ==
			      ERR_MALFORMED, "%s", bad[i]);
	for (n = 0; n < strlen("2026-11-20T09:30:00Z"); n++)
		ck_assert_int_eq(clock_rfc3339_parse(&ms, "2026-11-20T09:30:00Z", n),
				 ERR_MALFORMED);
}
END_TEST

START_TEST(test_every_day_survives_there_and_back)
{
	/* the calendar of clock.c against gmtime(3): one moment a day, 400 years */
	char out[CLOCK_RFC3339_SIZE];
	int64_t day, ms;

	for (day = -146097; day <= 146097; day++) {
		ms = day * 86400000 + (day & 1 ? 86399999 : 0);
		clock_rfc3339(out, ms);
		ck_assert_int_eq(moment(out), ms);
	}
}
END_TEST

START_TEST(test_clocks_go_forward)
{
	/* base/clock.h: mono never jumps; wall is this century */
	uint64_t before = clock_mono_ms();

	ck_assert_uint_le(before, clock_mono_ms());
	ck_assert_int_gt(clock_wall_ms(), moment("2020-01-01T00:00:00Z"));
	ck_assert_int_lt(clock_wall_ms(), moment("2120-01-01T00:00:00Z"));
}
END_TEST

/* --- b64 ---------------------------------------------------------------------- */

START_TEST(test_b64_vectors)
{
	/* RFC 4648 section 10, without the padding; and the two characters of URLs */
	static const char *const row[][2] = {
		{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"},
		{"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
		{"\xfb\xef\xbe", "----"}, {"\xff\xff\xff", "____"},
	};
	char text[16], bytes[16];
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(row); i++) {
		len = strlen(row[i][0]);
		ck_assert_uint_eq(b64_encode(text, row[i][0], len), B64_LEN(len));
		ck_assert_str_eq(text, row[i][1]);
		ck_assert_int_eq(b64_decode(bytes, len, text, strlen(text)), len);
		ck_assert_mem_eq(bytes, row[i][0], len);
	}
}
END_TEST

START_TEST(test_b64_is_strict)
{
	/* base/b64.h: each value has one spelling */
	static const char *const bad[] = {
		"A", "AAAAA", "AA==", "AAA=", "A A", "AAAA\n", "+/AA", "AB", "AAB",
		"A\x80", "\xc3\xa4", "AA.A",
	};
	char bytes[16];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(b64_decode(bytes, sizeof(bytes), bad[i],
					 strlen(bad[i])) == ERR_MALFORMED,
			      "%s", bad[i]);
	ck_assert_int_eq(b64_decode(bytes, 2, "Zm9v", 4), ERR_NO_SPACE);
	ck_assert_int_eq(b64_decode(bytes, 3, "Zm9v", 4), 3);
	ck_assert(b64_alphabet("aZ09-_", 6));
	ck_assert(b64_alphabet("", 0));
	ck_assert(!b64_alphabet("a/", 2));
	ck_assert(!b64_alphabet("a\0b", 3));
}
END_TEST

START_TEST(test_hex_has_one_spelling)
{
	/* base/hex.h: lower case, exactly as many digits as bytes need */
	static const char *const bad[] = {"", "00ff1", "00ff1c0", "00FF1c", "0 ff1c", "00ff1g"};
	const uint8_t bytes[] = {0, 255, 0x1c};
	uint8_t back[3];
	char text[7];

	hex_encode(text, bytes, sizeof(bytes));
	ck_assert_str_eq(text, "00ff1c");
	ck_assert_int_eq(hex_decode(back, sizeof(back), text, 6), 0);
	ck_assert_mem_eq(back, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(hex_decode(back, sizeof(back), bad[i], strlen(bad[i])) ==
			      ERR_MALFORMED, "%s", bad[i]);
}
END_TEST

START_TEST(test_b64_any_bytes_survive)
{
	/* all lengths up to 64, so that each remainder meets each value */
	uint8_t in[64], out[64];
	char text[B64_LEN(64) + 1];
	size_t len, round;

	for (round = 0; round < 20; round++) {
		for (len = 0; len <= sizeof(in); len++) {
			rnd_bytes(in, len);
			ck_assert_uint_eq(b64_encode(text, in, len), B64_LEN(len));
			ck_assert_int_eq(b64_decode(out, len, text, B64_LEN(len)), len);
			ck_assert_mem_eq(in, out, len);
		}
	}
}
END_TEST

/* --- buf ---------------------------------------------------------------------- */

START_TEST(test_buf_is_always_a_string)
{
	/* base/buf.h: NUL behind len, from the first moment on */
	struct buf b = BUF_INIT, c;
	size_t i;

	buf_init(&c);
	ck_assert_str_eq(b.p, "");
	ck_assert_str_eq(c.p, "");
	buf_reset(&b);
	buf_put(&b, NULL, 0);
	buf_drop(&b, 0);
	ck_assert_str_eq(b.p, "");
	buf_puts(&b, "one");
	buf_putc(&b, ' ');
	buf_printf(&b, "%s %d", "two", 3);
	ck_assert_str_eq(b.p, "one two 3");
	ck_assert_uint_eq(b.len, 9);
	buf_drop(&b, 4);
	ck_assert_str_eq(b.p, "two 3");
	buf_drop(&b, 5);
	ck_assert_str_eq(b.p, "");
	buf_puts(&b, "again");
	buf_reset(&b);
	ck_assert_str_eq(b.p, "");
	ck_assert_uint_gt(b.cap, 0);
	for (i = 0; i < 1000; i++) {
		buf_putc(&b, 'x');
		ck_assert_uint_eq(strlen(b.p), i + 1);
	}
	buf_fini(&b);
	ck_assert_str_eq(b.p, "");
	ck_assert_uint_eq(b.cap, 0);
	buf_fini(&b);
	buf_fini(&c);
}
END_TEST

START_TEST(test_buf_holds_any_bytes)
{
	/* NUL inside, and lines longer than any first guess */
	struct buf b = BUF_INIT;
	char big[5000];

	buf_put(&b, "a\0b", 3);
	ck_assert_uint_eq(b.len, 3);
	ck_assert_mem_eq(b.p, "a\0b", 4);
	buf_reset(&b);
	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	buf_printf(&b, "%s%s", big, big);
	ck_assert_uint_eq(b.len, 2 * (sizeof(big) - 1));
	buf_printf(&b, "%s", "");
	ck_assert_uint_eq(b.len, 2 * (sizeof(big) - 1));
	buf_fini(&b);
}
END_TEST

START_TEST(test_buf_detach_gives_the_memory)
{
	/* base/buf.h: the caller frees it; also where nothing was ever put */
	struct buf b = BUF_INIT;
	char *p = buf_detach(&b);

	ck_assert_str_eq(p, "");
	free(p);
	buf_puts(&b, "text");
	p = buf_detach(&b);
	ck_assert_str_eq(p, "text");
	ck_assert_str_eq(b.p, "");
	free(p);
	buf_fini(&b);
}
END_TEST

/* --- wire --------------------------------------------------------------------- */

START_TEST(test_wire_is_in_network_order)
{
	/* base/wire.h, and RFC 1700's notion of byte order */
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
					15, 'x', 'y'};
	uint8_t out[sizeof(bytes)];
	struct wire w = wire_of(out, sizeof(out));

	wire_put_u8(&w, 1);
	wire_put_u16(&w, 0x0203);
	wire_put_u32(&w, 0x04050607);
	wire_put_u64(&w, 0x08090a0b0c0d0e0f);
	wire_put(&w, "xy", 2);
	wire_put(&w, NULL, 0);
	ck_assert_int_eq(w.err, 0);
	ck_assert_uint_eq(wire_left(&w), 0);
	ck_assert_mem_eq(out, bytes, sizeof(bytes));

	w = wire_of_const(bytes, sizeof(bytes));
	ck_assert_uint_eq(wire_get_u8(&w), 1);
	ck_assert_uint_eq(wire_get_u16(&w), 0x0203);
	ck_assert_uint_eq(wire_get_u32(&w), 0x04050607);
	ck_assert_uint_eq(wire_get_u64(&w), 0x08090a0b0c0d0e0f);
	ck_assert_ptr_eq(wire_get(&w, 2), bytes + 15);
	ck_assert_int_eq(w.err, 0);
}
END_TEST

START_TEST(test_wire_first_error_sticks)
{
	/* base/wire.h: behind it nothing is written, and all reads are zero */
	uint8_t out[4] = {9, 9, 9, 9};
	struct wire w = wire_of(out, 3);

	wire_put_u16(&w, 0x0101);
	wire_put_u16(&w, 0x0202);
	ck_assert_int_eq(w.err, ERR_NO_SPACE);
	wire_put_u8(&w, 3);
	wire_put(&w, "z", 1);
	ck_assert_uint_eq(out[2], 9);
	ck_assert_uint_eq(out[3], 9);

	w = wire_of_const(out, 3);
	ck_assert_uint_eq(wire_get_u32(&w), 0);
	ck_assert_int_eq(w.err, ERR_TRUNCATED);
	ck_assert_uint_eq(wire_get_u8(&w), 0);
	ck_assert_ptr_null(wire_get(&w, 0));
	ck_assert_ptr_null(wire_get(&w, 1));
	ck_assert_uint_eq(wire_left(&w), 3);
	w = wire_of_const(out, 3);
	ck_assert_ptr_null(wire_get(&w, SIZE_MAX));
	ck_assert_int_eq(w.err, ERR_TRUNCATED);
}
END_TEST

/* --- map ---------------------------------------------------------------------- */

static int add_up(void *arg, void *value)
{
	*(size_t *)arg += *(size_t *)value;
	return 0;
}

static int stop_at_seven(void *arg, void *value)
{
	++*(size_t *)arg;
	return *(size_t *)value == 7 ? -7 : 0;
}

START_TEST(test_map_remembers_all)
{
	/* through every growth; keys are bytes, of any length, and copied */
	enum { MANY = 5000 };
	static size_t values[MANY];
	struct map *m = map_new();
	size_t i, sum = 0;
	char key[16];
	int len;

	for (i = 0; i < MANY; i++) {
		values[i] = i;
		len = snprintf(key, sizeof(key), "%zu", i);
		ck_assert_ptr_null(map_put(m, key, (size_t)len, &values[i]));
	}
	ck_assert_uint_eq(map_count(m), MANY);
	ck_assert_int_eq(map_each(m, add_up, &sum), 0);
	ck_assert_uint_eq(sum, (size_t)MANY * (MANY - 1) / 2);
	sum = 0;
	ck_assert_int_eq(map_each(m, stop_at_seven, &sum), -7);
	ck_assert_uint_le(sum, MANY);
	for (i = 0; i < MANY; i += 2) {
		len = snprintf(key, sizeof(key), "%zu", i);
		ck_assert_ptr_eq(map_take(m, key, (size_t)len), &values[i]);
		ck_assert_ptr_null(map_take(m, key, (size_t)len));
	}
	ck_assert_uint_eq(map_count(m), MANY / 2);
	for (i = 0; i < MANY; i++) {
		len = snprintf(key, sizeof(key), "%zu", i);
		ck_assert_ptr_eq(map_get(m, key, (size_t)len),
				 i % 2 ? &values[i] : NULL);
	}
	map_free(m);
	map_free(NULL);
}
END_TEST

START_TEST(test_map_replaces_and_tells_prefixes_apart)
{
	/* base/map.h: put returns the former; length and NUL bytes count */
	struct map *m = map_new();
	int a, b;

	ck_assert_ptr_null(map_put(m, "ab", 2, &a));
	ck_assert_ptr_eq(map_put(m, "ab", 2, &b), &a);
	ck_assert_uint_eq(map_count(m), 1);
	ck_assert_ptr_null(map_get(m, "a", 1));
	ck_assert_ptr_null(map_get(m, "ab\0", 3));
	ck_assert_ptr_null(map_get(m, "", 0));
	ck_assert_ptr_null(map_put(m, "", 0, &a));
	ck_assert_ptr_null(map_put(m, "ab\0", 3, &a));
	ck_assert_ptr_eq(map_get(m, "", 0), &a);
	ck_assert_ptr_eq(map_get(m, "ab", 2), &b);
	ck_assert_uint_eq(map_count(m), 3);
	map_free(m);
}
END_TEST

/* --- list, mem ---------------------------------------------------------------- */

struct member {
	int n;
	struct list link;
};

START_TEST(test_list_keeps_order)
{
	/* base/list.h: appended at the end; unlinking twice does no harm */
	struct member m[3] = {{.n = 1}, {.n = 2}, {.n = 3}};
	struct list head;
	int sum = 0;
	size_t i;

	list_init(&head);
	ck_assert(list_empty(&head));
	for (i = 0; i < 3; i++)
		list_append(&head, &m[i].link);
	LIST_EACH(it, &head)
		sum = sum * 10 + CONTAINER_OF(it, struct member, link)->n;
	ck_assert_int_eq(sum, 123);
	list_unlink(&m[1].link);
	ck_assert(list_empty(&m[1].link));
	list_unlink(&m[1].link);
	LIST_EACH_SAFE(it, &head) {
		sum += CONTAINER_OF(it, struct member, link)->n;
		list_unlink(it);
	}
	ck_assert_int_eq(sum, 127);
	ck_assert(list_empty(&head));
}
END_TEST

START_TEST(test_mem_is_zeroed_copied_wiped)
{
	/* base/mem.h */
	char *p = mem_new(64), *copy;
	size_t i;

	for (i = 0; i < 64; i++)
		ck_assert_int_eq(p[i], 0);
	memcpy(p, "secret\0tail", 12);
	copy = mem_copy(p, 11);
	ck_assert_mem_eq(copy, "secret\0tail", 12);
	p = mem_resize(p, 4096);
	ck_assert_mem_eq(p, "secret", 7);
	mem_wipe(p, 12);
	mem_wipe(NULL, 0);
	for (i = 0; i < 12; i++)
		ck_assert_int_eq(p[i], 0);
	free(p);
	free(copy);
	copy = mem_copy(NULL, 0);
	ck_assert_str_eq(copy, "");
	free(copy);
}
END_TEST

START_TEST(test_secrets_compare_by_every_byte)
{
	/* base/mem.h: equal means equal in each bit of the length */
	uint8_t a[32], b[32];
	size_t bit;

	rnd_bytes(a, sizeof(a));
	memcpy(b, a, sizeof(a));
	ck_assert(mem_equal_secret(a, b, sizeof(a)));
	ck_assert(mem_equal_secret(a, b, 0));
	for (bit = 0; bit < sizeof(b) * 8; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!mem_equal_secret(a, b, sizeof(a)));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(test_errors_have_sentences)
{
	/* base/err.h: never NULL, and each its own */
	int a, b;

	for (a = -1; a >= ERR_CLOSED; a--) {
		for (b = a - 1; b >= ERR_CLOSED; b--)
			ck_assert_str_ne(err_text(a), err_text(b));
	}
	ck_assert_str_eq(err_text(0), "no error");
	ck_assert_str_eq(err_text(INT32_MIN), "unknown error");
}
END_TEST

UNIT_MAIN("base", test_time_is_written_in_utc, test_time_out_of_years_is_clamped,
	  test_time_is_read_with_any_offset, test_time_of_wrong_shape_is_refused,
	  test_every_day_survives_there_and_back, test_clocks_go_forward,
	  test_b64_vectors, test_b64_is_strict, test_b64_any_bytes_survive,
	  test_hex_has_one_spelling, test_buf_is_always_a_string, test_buf_holds_any_bytes,
	  test_buf_detach_gives_the_memory, test_wire_is_in_network_order,
	  test_wire_first_error_sticks, test_map_remembers_all,
	  test_map_replaces_and_tells_prefixes_apart, test_list_keeps_order,
	  test_mem_is_zeroed_copied_wiped, test_secrets_compare_by_every_byte,
	  test_errors_have_sentences)
