#include "proto/factjson.h"

#include "base/clock.h"
#include "base/hex.h"

static void put_string(struct buf *b, const char *s, size_t len)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_printf(b, "\\%c", s[i]);
		else if ((unsigned char)s[i] < 0x20)
			buf_printf(b, "\\u%04x", (unsigned int)s[i]);
		else
			buf_putc(b, s[i]);
	}
	buf_putc(b, '"');
}

static void put_member(struct buf *b, const char *name, const char *s, size_t len)
{
	buf_printf(b, ",\"%s\":", name);
	put_string(b, s, len);
}

void factjson_put(struct buf *b, const struct fact_row *row,
		  const uint8_t hash[FACT_HASH_SIZE], const char *personal,
		  size_t personal_len, bool erased)
{
	char at[CLOCK_RFC3339_SIZE], hex[2 * FACT_HASH_SIZE + 1];

	hex_encode(hex, hash, FACT_HASH_SIZE);
	clock_rfc3339(at, row->at);
	buf_printf(b, "{\"seq\":%llu,\"at\":\"%s\"", (unsigned long long)row->seq, at);
	put_member(b, "stream", row->stream, row->stream_len);
	buf_printf(b, ",\"version\":%llu", (unsigned long long)row->version);
	put_member(b, "kind", row->kind, row->kind_len);
	put_member(b, "actor", row->actor, row->actor_len);
	buf_puts(b, ",\"data\":");
	buf_put(b, row->data, row->data_len);
	if (personal) {
		buf_puts(b, ",\"personal\":");
		buf_put(b, personal, personal_len);
	} else if (erased) {
		buf_puts(b, ",\"sealed\":true");
	}
	put_member(b, "hash", hex, sizeof(hex) - 1);
	buf_putc(b, '}');
}
