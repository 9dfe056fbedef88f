#include "proto/fact.h"

#include <string.h>

#include <nettle/sha2.h>

#include "base/err.h"
#include "base/wire.h"

static const char *const names[] = {
#define X(symbol, name, stream, members, meaning) name,
	FACT_KINDS(X)
#undef X
};

const char *fact_kind_name(enum fact_kind kind)
{
	return names[kind];
}

int fact_kind_of(enum fact_kind *kind, const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < FACT_KIND_COUNT; i++) {
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) {
			*kind = (enum fact_kind)i;
			return 0;
		}
	}
	return ERR_UNKNOWN;
}

static void add_u64(struct sha256_ctx *h, uint64_t v)
{
	uint8_t b[8];
	struct wire w = wire_of(b, sizeof(b));

	wire_put_u64(&w, v);
	sha256_update(h, sizeof(b), b);
}

static void add(struct sha256_ctx *h, const void *p, size_t len)
{
	uint8_t b[4];
	struct wire w = wire_of(b, sizeof(b));

	wire_put_u32(&w, (uint32_t)len);
	sha256_update(h, sizeof(b), b);
	sha256_update(h, len, p);
}

void fact_hash(uint8_t out[FACT_HASH_SIZE], const uint8_t prev[FACT_HASH_SIZE],
	       const struct fact_row *row)
{
	static const char tag[] = "paravent fact v1";
	const uint8_t has_sealed = row->sealed != NULL;
	struct sha256_ctx h;

	sha256_init(&h);
	sha256_update(&h, sizeof(tag) - 1, (const uint8_t *)tag);
	sha256_update(&h, FACT_HASH_SIZE, prev);
	add_u64(&h, row->seq);
	add_u64(&h, (uint64_t)row->at);
	add(&h, row->stream, row->stream_len);
	add_u64(&h, row->version);
	add(&h, row->kind, row->kind_len);
	add(&h, row->actor, row->actor_len);
	add(&h, row->data, row->data_len);
	sha256_update(&h, 1, &has_sealed);
	if (row->sealed)
		add(&h, row->sealed, row->sealed_len);
	sha256_digest(&h, FACT_HASH_SIZE, out);
}
