#include "proto/jwtmake.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/hmac.h>

#include "base/b64.h"
#include "base/mem.h"
#include "proto/json.h"

static void put_b64(struct buf *out, const void *p, size_t len)
{
	char *text = mem_new(B64_LEN(len) + 1);

	buf_put(out, text, b64_encode(text, p, len));
	free(text);
}

static void put_head(struct buf *out, const struct jwtconf *conf)
{
	struct buf json = BUF_INIT;
	struct json_writer w;

	json_put_init(&w, &json);
	json_put_object(&w, NULL);
	json_put_text(&w, "alg", "HS256");
	json_put_text(&w, "typ", "JWT");
	if (*conf->key_id)
		json_put_text(&w, "kid", conf->key_id);
	json_put_end(&w);
	put_b64(out, json.p, json.len);
	buf_fini(&json);
}

static void put_claims(struct buf *out, const struct jwtconf *conf, const char *meeting,
		       const char *person, bool host, int64_t now)
{
	struct buf json = BUF_INIT;
	struct json_writer w;
	char room[JWT_MEETING_LEN + sizeof("room_")];

	json_put_init(&w, &json);
	json_put_object(&w, NULL);
	if (*conf->issuer)
		json_put_text(&w, "iss", conf->issuer);
	if (*conf->audience)
		json_put_text(&w, "aud", conf->audience);
	json_put_text(&w, "sub", person);
	json_put_text(&w, "sessionId", meeting);
	snprintf(room, sizeof(room), "room_%s", meeting);
	json_put_text(&w, "roomName", room);
	json_put_text(&w, "role", host ? "doctor" : "patient");
	json_put_int(&w, "iat", now);
	json_put_int(&w, "exp", now + JWTMAKE_LIFE_S);
	json_put_end(&w);
	put_b64(out, json.p, json.len);
	buf_fini(&json);
}

void jwtmake_carepulse(struct buf *out, const struct jwt_key *key, const char *meeting,
		       const char *person, bool host, int64_t now)
{
	const size_t start = out->len;
	struct hmac_sha256_ctx ctx;
	uint8_t mac[SHA256_DIGEST_SIZE];

	assert(key->conf->algorithm == JWT_HS256 && key->len >= JWT_SECRET_MIN);
	put_head(out, key->conf);
	buf_putc(out, '.');
	put_claims(out, key->conf, meeting, person, host, now);
	hmac_sha256_set_key(&ctx, key->len, key->bytes);
	hmac_sha256_update(&ctx, out->len - start, (const uint8_t *)out->p + start);
	hmac_sha256_digest(&ctx, sizeof(mac), mac);
	buf_putc(out, '.');
	put_b64(out, mac, sizeof(mac));
	mem_wipe(&ctx, sizeof(ctx));
}
