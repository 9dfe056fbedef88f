/**
 * Tokens for tests, good and bad, as tests/scenario/badtokens.json describes them:
 *
 *   head, claims    members by name, each JSON text; in a row null takes one away
 *   header, payload the whole text instead
 *   input           what is signed, "{h}.{c}": the two segments
 *   token           what is presented, "{i}.{s}": what was signed, and its signature
 *   secret, mac     of the signature
 *
 * Texts may hold {now+60}, {meeting}, {good} (the claims), {members} (the same without
 * braces), {x} (other claims), {s-1} (a signature cut by one). A character up to U+00FF
 * is a byte.
 */
#ifndef PARAVENT_TESTS_JWTKIT_H
#define PARAVENT_TESTS_JWTKIT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <nettle/hmac.h>

#include "base/b64.h"
#include "base/buf.h"
#include "base/mem.h"

/* What stands for a placeholder. */
struct jwtkit_word {
	const char *name, *text;
};

/* Appends `text` with its placeholders filled in. */
static inline void jwtkit_expand(struct buf *out, const char *text, long long now,
				 const struct jwtkit_word *words)
{
	while (*text) {
		const struct jwtkit_word *w = words;
		long long offset;
		int used = 0;

		if (sscanf(text, "{now%lld}%n", &offset, &used) == 1 && used) {
			buf_printf(out, "%lld", now + offset);
			text += used;
			continue;
		}
		while (w->name && strncmp(text, w->name, strlen(w->name)) != 0)
			w++;
		if (w->name) {
			buf_puts(out, w->text);
			text += strlen(w->name);
		} else {
			buf_putc(out, *text++);
		}
	}
}

/* Members of `good` as those of `row` change them, with commas between. */
static inline void jwtkit_members(struct buf *out, json_t *good, json_t *row)
{
	json_t *all = json_copy(good), *value;
	const char *key, *comma = "";

	json_object_update(all, row);
	json_object_foreach(all, key, value) {
		if (!json_is_string(value))
			continue;
		buf_printf(out, "%s\"%s\":%s", comma, key, json_string_value(value));
		comma = ",";
	}
	json_decref(all);
}

/* UTF-8 of characters up to U+00FF to bytes, in place. */
static inline void jwtkit_bytes(struct buf *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->len; i++) {
		uint8_t c = (uint8_t)b->p[i];

		if (c >= 0xc0)
			c = (uint8_t)(c << 6 | ((uint8_t)b->p[++i] & 0x3f));
		b->p[n++] = (char)c;
	}
	b->len = n;
	b->p[n] = '\0';
}

/* JSON text of a row, which may hold NUL characters, as the base64url of its bytes. */
static inline void jwtkit_segment(struct buf *out, json_t *text, long long now,
				  const struct jwtkit_word *words)
{
	const char *p = json_string_value(text), *end = p + json_string_length(text);
	struct buf b = BUF_INIT;
	char *coded;

	for (;;) {
		jwtkit_expand(&b, p, now, words);
		p += strlen(p);
		if (p == end)
			break;
		buf_putc(&b, '\0');
		p++;
	}
	jwtkit_bytes(&b);
	coded = mem_new(B64_LEN(b.len) + 1);
	b64_encode(coded, b.p, b.len);
	buf_puts(out, coded);
	free(coded);
	buf_fini(&b);
}

static inline void jwtkit_hs256(char out[44], const char *secret, const char *input)
{
	struct hmac_sha256_ctx ctx;
	uint8_t mac[32];

	hmac_sha256_set_key(&ctx, strlen(secret), (const uint8_t *)secret);
	hmac_sha256_update(&ctx, strlen(input), (const uint8_t *)input);
	hmac_sha256_digest(&ctx, sizeof(mac), mac);
	b64_encode(out, mac, sizeof(mac));
}

static inline const char *jwtkit_text(json_t *row, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : otherwise;
}

/* Appends one segment: `whole` of the row, or the members that it changes. */
static inline void jwtkit_part(struct buf *out, json_t *good, json_t *row, const char *key,
			       const char *whole, long long now, const char *meeting)
{
	struct buf members = BUF_INIT, all = BUF_INIT;
	json_t *text;

	jwtkit_members(&members, json_object_get(good, key), json_object_get(row, key));
	buf_printf(&all, "{%s}", members.p);
	text = json_object_get(row, whole);
	text = text ? json_incref(text) : json_string(all.p);
	{
		/* {good} and {members} hold placeholders themselves */
		const struct jwtkit_word later[] = {{"{meeting}", meeting}, {NULL, NULL}};
		struct buf g = BUF_INIT, m = BUF_INIT;

		jwtkit_expand(&g, all.p, now, later);
		jwtkit_expand(&m, members.p, now, later);
		{
			const struct jwtkit_word words[] = {
				{"{meeting}", meeting}, {"{good}", g.p},
				{"{members}", m.p}, {NULL, NULL},
			};

			jwtkit_segment(out, text, now, words);
		}
		buf_fini(&g);
		buf_fini(&m);
	}
	json_decref(text);
	buf_fini(&members);
	buf_fini(&all);
}

/* Appends the token of a row. row: an empty object for the good token. */
static inline void jwtkit_token(struct buf *out, json_t *good, json_t *row, long long now,
				const char *meeting)
{
	json_t *other = json_pack("{s:{s:s}}", "claims", "sub", "\"admin\"");
	struct buf h = BUF_INIT, c = BUF_INIT, x = BUF_INIT, i = BUF_INIT;
	const char *secret = jwtkit_text(row, "secret", jwtkit_text(good, "secret", ""));
	char s[44], cut[44];

	jwtkit_part(&h, good, row, "head", "header", now, meeting);
	jwtkit_part(&c, good, row, "claims", "payload", now, meeting);
	jwtkit_part(&x, good, other, "claims", "payload", now, meeting);
	{
		const struct jwtkit_word parts[] = {
			{"{h}", h.p}, {"{c}", c.p}, {NULL, NULL},
		};

		jwtkit_expand(&i, jwtkit_text(row, "input", "{h}.{c}"), now, parts);
		jwtkit_bytes(&i);
	}
	jwtkit_hs256(s, secret, i.p);
	memcpy(cut, s, sizeof(cut));
	cut[42] = '\0';
	{
		const struct jwtkit_word parts[] = {
			{"{h}", h.p}, {"{c}", c.p}, {"{x}", x.p}, {"{i}", i.p},
			{"{s}", s},   {"{s-1}", cut}, {NULL, NULL},
		};

		jwtkit_expand(out, jwtkit_text(row, "token", "{i}.{s}"), now, parts);
	}
	json_decref(other);
	buf_fini(&h);
	buf_fini(&c);
	buf_fini(&x);
	buf_fini(&i);
}

#endif
