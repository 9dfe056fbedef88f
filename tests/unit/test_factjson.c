#include "unit.h"

#include <string.h>

#include "proto/factjson.h"
#include "proto/json.h"

static struct fact_row row(const char *actor)
{
	return (struct fact_row){
		.seq = 12, .at = 1795166400500, .version = 3, .stream = "meeting/x",
		.stream_len = 9, .kind = "meeting.changed", .kind_len = 15,
		.actor = actor, .actor_len = strlen(actor), .data = "{\"capacity\":3}",
		.data_len = 14,
	};
}

#define HASH "ab000000000000000000000000000000000000000000000000000000000000cd"
static const uint8_t hash[FACT_HASH_SIZE] = {0xab, [31] = 0xcd};

#define HEAD "{\"seq\":12,\"at\":\"2026-11-20T09:20:00.500Z\",\"stream\":\"meeting/x\"," \
	     "\"version\":3,\"kind\":\"meeting.changed\",\"actor\":\"server\","          \
	     "\"data\":{\"capacity\":3}"

START_TEST(test_a_fact_is_one_object)
{
	/* factjson.h: the members and their order */
	const struct fact_row r = row("server");
	struct buf b = BUF_INIT;

	factjson_put(&b, &r, hash, NULL, 0, false);
	ck_assert_str_eq(b.p, HEAD ",\"hash\":\"" HASH "\"}");
	buf_reset(&b);
	factjson_put(&b, &r, hash, "{\"title\":\"x\"}!", 13, false);
	ck_assert_str_eq(b.p, HEAD ",\"personal\":{\"title\":\"x\"},\"hash\":\"" HASH
			 "\"}");
	buf_reset(&b);
	factjson_put(&b, &r, hash, NULL, 0, true);
	ck_assert_str_eq(b.p, HEAD ",\"sealed\":true,\"hash\":\"" HASH "\"}");
	buf_fini(&b);
}
END_TEST

START_TEST(test_columns_are_escaped)
{
	/* an actor may hold what a JWT's subject holds */
	const struct fact_row r = row("jwt:\"a\\b\"\n\x1f\xc3\xa4");
	struct json_member m[16];
	struct buf b = BUF_INIT;
	char back[32];
	int n;

	factjson_put(&b, &r, hash, NULL, 0, false);
	n = json_scan(m, 16, b.p, b.len);
	ck_assert_int_eq(n, 8);
	ck_assert_int_gt(json_get_string(json_find(m, n, "actor"), back, sizeof(back)), 0);
	ck_assert_str_eq(back, r.actor);
	buf_fini(&b);
}
END_TEST

UNIT_MAIN("factjson", test_a_fact_is_one_object, test_columns_are_escaped)
