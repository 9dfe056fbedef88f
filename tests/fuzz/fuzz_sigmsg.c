/*
 * A message that decodes is in bounds, and what we would tell others of it is JSON
 * again that reads the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proto/json.h"
#include "proto/sigmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sigmsg msg, again;

static void check(int holds)
{
	if (!holds)
		abort();
}

/* The same message, with a text as our writer spells it. */
static void label_again(const char *plain)
{
	struct buf b = BUF_INIT;
	struct json_writer w;

	json_put_init(&w, &b);
	json_put_object(&w, NULL);
	json_put_text(&w, "type", sigmsg_type_name(msg.type));
	json_put_text(&w, "to", msg.id);
	json_put_string(&w, msg.sealed ? "sealed" : plain, msg.text, msg.text_len);
	json_put_end(&w);
	check(sigmsg_decode(&again, b.p, b.len) == 0);
	check(again.text_len == msg.text_len && again.sealed == msg.sealed);
	check(memcmp(again.text, msg.text, msg.text_len) == 0);
	buf_fini(&b);
}

static void report_again(void)
{
	struct buf b = BUF_INIT;

	check(msg.stats_len <= SIGMSG_STATS_MAX);
	if (!msg.stats_len)
		return;
	buf_printf(&b, "{\"type\":\"report\",\"peer\":\"\",\"event\":\"lost\",\"stats\":%s}",
		   msg.stats);
	check(sigmsg_decode(&again, b.p, b.len) == 0);
	check(strcmp(again.stats, msg.stats) == 0);
	check(!strpbrk(msg.stats, " \t\r\n\\"));
	buf_fini(&b);
}

static void signal_again(void)
{
	struct json_member m[4];
	struct buf b = BUF_INIT;
	int count;

	sigmsg_put_signal(&b, "AAAAAAAAAAAAAAAA", msg.raw, msg.raw_len);
	count = json_scan(m, 4, b.p, b.len);
	check(count == 3);
	check(m[2].len == msg.raw_len && memcmp(m[2].value, msg.raw, msg.raw_len) == 0);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	memset(&msg, 0xa5, sizeof(msg));	/* so that what is left out shows */
	err = sigmsg_decode(&msg, (const char *)data, size);
	check(err == 0 || err == ERR_MALFORMED || err == ERR_UNKNOWN || err == ERR_RANGE);
	check((err == ERR_RANGE) == (msg.detail != NULL));
	if (err)
		return 0;
	switch (msg.type) {
	case SIGMSG_JOIN:
		check(msg.token_len <= SIGMSG_TOKEN_MAX + 1);
		check(msg.token[msg.token_len] == '\0');
		check(strlen(msg.resume) <= SIGMSG_RESUME_MAX);
		strcpy(msg.id, "");
		label_again("name");
		break;
	case SIGMSG_NOTE:
		label_again("text");
		break;
	case SIGMSG_SIGNAL:
		signal_again();
		break;
	case SIGMSG_REPORT:
		check(msg.event < SIGMSG_EVENT_COUNT && msg.path < SIGMSG_PATH_COUNT);
		report_again();
		break;
	case SIGMSG_TEST:
		check(msg.raw_len <= SIGMSG_RESULT_MAX);
		break;
	case SIGMSG_ADMIT:
	case SIGMSG_DENY:
	case SIGMSG_REMOVE:
		check(strlen(msg.id) == 0 || strlen(msg.id) == SIGMSG_ID_LEN);
		break;
	default:
		check(msg.type > SIGMSG_NONE && msg.type < SIGMSG_TYPE_COUNT);
	}
	return 0;
}
