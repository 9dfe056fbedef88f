#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "core/keyset.h"

#define NOW 1795166400000	/* 2026-11-20T09:20:00Z */

static struct keyset *ks;
static char text[APIKEY_LEN + 1];
static struct apikey key;
static struct fact fact;

/* A key out of this number, in text and key. */
static void draw(uint32_t n)
{
	uint8_t random[APIKEY_RANDOM] = {0};

	memcpy(random, &n, sizeof(n));
	apikey_make(text, &key, random);
}

static int make(uint32_t n, const char *label, unsigned int scopes)
{
	draw(n);
	return keyset_make(&fact, ks, NOW, &key, label, strlen(label), scopes, "staff:a");
}

static void apply(void)
{
	ck_assert_int_eq(keyset_apply(ks, &fact), 0);
}

static int check(unsigned int scope, enum factdata_reason *reason)
{
	const struct keyset_key *k = NULL;
	int err = keyset_check(&k, reason, ks, NOW + 5, text, strlen(text), scope);

	ck_assert(err == ERR_UNAUTHORIZED || strcmp(k->id, key.id) == 0);
	return err;
}

START_TEST(test_a_key_opens_what_it_may)
{
	/* keyset.h: 0, ERR_UNAUTHORIZED, ERR_FORBIDDEN, each with its reason */
	enum factdata_reason reason;
	const struct keyset_key *k;

	ks = keyset_new();
	ck_assert_int_eq(make(1, " The board ", APIKEY_READ | APIKEY_CREATE), 0);
	ck_assert_int_eq(check(APIKEY_READ, &reason), ERR_UNAUTHORIZED);
	ck_assert_int_eq(reason, REASON_UNKNOWN);
	ck_assert_str_eq(fact.stream, "key/AQAAAAAA");
	ck_assert_str_eq(fact.actor, "staff:a");
	ck_assert_ptr_null(strstr(fact.data, text));
	ck_assert_ptr_null(strstr(fact.data, text + 13));
	apply();
	k = keyset_find(ks, key.id, APIKEY_ID_LEN);
	ck_assert_str_eq(k->label, "The board");
	ck_assert_int_eq(k->made_at, NOW);
	ck_assert_int_eq(k->used_at, 0);
	ck_assert_int_eq(check(APIKEY_READ, &reason), 0);
	ck_assert_int_eq(k->used_at, NOW + 5);
	ck_assert_int_eq(check(APIKEY_CREATE, &reason), 0);
	ck_assert_int_eq(check(APIKEY_CREATE | APIKEY_AUDIT, &reason), 0);
	ck_assert_int_eq(check(APIKEY_AUDIT, &reason), ERR_FORBIDDEN);
	ck_assert_int_eq(reason, REASON_SCOPE);
	/* the same id with another secret */
	text[20] = text[20] == 'A' ? 'B' : 'A';
	ck_assert_int_eq(check(APIKEY_READ, &reason), ERR_UNAUTHORIZED);
	ck_assert_int_eq(reason, REASON_UNKNOWN);
	text[3] = '-';
	ck_assert_int_eq(check(APIKEY_READ, &reason), ERR_UNAUTHORIZED);
	ck_assert_int_eq(reason, REASON_MALFORMED);
	keyset_free(ks);
}
END_TEST

START_TEST(test_a_revoked_key_opens_nothing)
{
	/* keyset.h: ERR_NOT_FOUND, ERR_ENDED; it stays in the list */
	enum factdata_reason reason;

	ks = keyset_new();
	ck_assert_int_eq(keyset_revoke(&fact, ks, NOW, "AQAAAAAA", 8, "server"),
			 ERR_NOT_FOUND);
	make(1, "a", APIKEY_READ);
	apply();
	ck_assert_int_eq(keyset_revoke(&fact, ks, NOW + 9, key.id, 7, "server"),
			 ERR_NOT_FOUND);
	ck_assert_int_eq(keyset_revoke(&fact, ks, NOW + 9, key.id, 8, "server"), 0);
	ck_assert_uint_eq(fact.version, 2);
	ck_assert_int_eq(check(APIKEY_READ, &reason), 0);
	apply();
	ck_assert_int_eq(check(APIKEY_READ, &reason), ERR_UNAUTHORIZED);
	ck_assert_int_eq(reason, REASON_REVOKED);
	ck_assert_int_eq(keyset_revoke(&fact, ks, NOW, key.id, 8, "server"), ERR_ENDED);
	ck_assert_uint_eq(keyset_count(ks), 1);
	ck_assert_int_eq(keyset_at(ks, 0)->revoked_at, NOW + 9);
	ck_assert_int_eq(make(1, "again", APIKEY_READ), ERR_CONFLICT);
	keyset_free(ks);
}
END_TEST

START_TEST(test_labels_can_be_read)
{
	/* keyset.h: 1..60 characters that a person can read, and a scope */
	char label[APIKEY_LABEL_SIZE + 8] = "";

	ks = keyset_new();
	ck_assert_int_eq(make(1, "", APIKEY_READ), ERR_RANGE);
	ck_assert_int_eq(make(1, "  ", APIKEY_READ), ERR_RANGE);
	ck_assert_int_eq(make(1, "a\nb", APIKEY_READ), ERR_RANGE);
	ck_assert_int_eq(make(1, "\xe2\x80\xae" "a", APIKEY_READ), ERR_RANGE);
	ck_assert_int_eq(make(1, "a\xff", APIKEY_READ), ERR_RANGE);
	ck_assert_int_eq(make(1, "a", 0), ERR_RANGE);
	for (int i = 0; i < APIKEY_LABEL_MAX; i++)
		strcat(label, "\xf0\x9f\x98\x80");
	ck_assert_int_eq(make(1, label, APIKEY_READ), 0);
	apply();
	ck_assert_str_eq(keyset_at(ks, 0)->label, label);
	strcpy(label, "0123456789012345678901234567890123456789"
	       "01234567890123456789x");
	ck_assert_int_eq(make(2, label, APIKEY_READ), ERR_RANGE);
	strcat(label, "\xf0\x9f\x98\x80");
	ck_assert_int_eq(make(2, label, APIKEY_READ), ERR_RANGE);
	keyset_free(ks);
}
END_TEST

START_TEST(test_there_is_an_end_to_keys)
{
	/* keyset.h: KEYSET_MAX that are not revoked; listed in the order of making */
	ks = keyset_new();
	for (uint32_t i = 0; i < KEYSET_MAX; i++) {
		ck_assert_int_eq(make(i, "a", APIKEY_READ), 0);
		apply();
	}
	ck_assert_int_eq(make(KEYSET_MAX, "a", APIKEY_READ), ERR_FULL);
	for (uint32_t i = 0; i < KEYSET_MAX; i++) {
		draw(i);
		ck_assert_str_eq(keyset_at(ks, i)->id, key.id);
	}
	ck_assert_int_eq(keyset_revoke(&fact, ks, NOW, key.id, 8, "server"), 0);
	apply();
	ck_assert_int_eq(make(KEYSET_MAX, "a", APIKEY_READ), 0);
	keyset_free(ks);
}
END_TEST

static int forged(const char *stream, uint32_t version, enum fact_kind kind,
		  const char *data)
{
	memset(&fact, 0, sizeof(fact));
	strcpy(fact.stream, stream);
	fact.at = NOW;
	fact.version = version;
	fact.kind = kind;
	strcpy(fact.data, data);
	fact.data_len = strlen(data);
	return keyset_apply(ks, &fact);
}

START_TEST(test_replay_refuses_what_does_not_fit)
{
	/* keyset.h: ERR_CORRUPT, ERR_CONFLICT; other streams are none of its business */
	char data[FACT_DATA_MAX + 1];

	ks = keyset_new();
	make(1, "a", APIKEY_READ);
	strcpy(data, fact.data);
	ck_assert_int_eq(forged("server", 1, FACT_SERVER_STOPPED, "{}"), 0);
	ck_assert_int_eq(forged("meeting/x", 1, FACT_KEY_MADE, data), 0);
	ck_assert_int_eq(forged("key/short", 1, FACT_KEY_MADE, data), ERR_CORRUPT);
	ck_assert_int_eq(forged("key/AQAAAAAAA", 1, FACT_KEY_MADE, data), ERR_CORRUPT);
	ck_assert_int_eq(forged("key/AQAAAAAA", 2, FACT_KEY_MADE, data), ERR_CONFLICT);
	ck_assert_int_eq(forged("key/AQAAAAAA", 1, FACT_KEY_MADE, "{}"), ERR_CORRUPT);
	ck_assert_int_eq(forged("key/AQAAAAAA", 1, FACT_KEY_REVOKED, "{}"), ERR_CORRUPT);
	ck_assert_uint_eq(keyset_count(ks), 0);
	ck_assert_int_eq(forged("key/AQAAAAAA", 1, FACT_KEY_MADE, data), 0);
	ck_assert_int_eq(forged("key/AQAAAAAA", 2, FACT_KEY_MADE, data), ERR_CORRUPT);
	ck_assert_int_eq(forged("key/AQAAAAAA", 3, FACT_KEY_REVOKED, "{}"), ERR_CONFLICT);
	ck_assert_int_eq(forged("key/AQAAAAAA", 2, FACT_KEY_REVOKED, "{}"), 0);
	ck_assert_int_eq(forged("key/AQAAAAAA", 3, FACT_KEY_REVOKED, "{}"), ERR_CORRUPT);
	ck_assert_uint_eq(keyset_count(ks), 1);
	keyset_free(ks);
	keyset_free(NULL);
}
END_TEST

UNIT_MAIN("keyset", test_a_key_opens_what_it_may, test_a_revoked_key_opens_nothing,
	  test_labels_can_be_read, test_there_is_an_end_to_keys,
	  test_replay_refuses_what_does_not_fit)
