#include "unit.h"

#include <string.h>

#include "turnkit.h"

#include "base/mem.h"

static struct kit k;
static struct kit_client ann, ben;

static const uint8_t offered[] = {0, 2, 0, 0, 0, 1, 0, 0};

static void start(void)
{
	kit_start(&k);
	kit_client(&k, &ann, "203.0.113.7", 4000, "meet.ann.p");
	kit_client(&k, &ben, "198.51.100.9", 5000, "meet.ben.p");
}

static void begin(void)
{
	kit_init(&k);
	start();
}

static bool reply_has(uint16_t type)
{
	struct stun_attr attr;

	return stun_find(&k.msg, type, &attr);
}

static bool signed_reply(void)
{
	return k.msg.sha1 || k.msg.sha256;
}

static struct kit_ask ask_allocate(void)
{
	struct kit_ask ask = kit_ask(&k, TURN_ALLOCATE);

	kit_put_u8(&ask, TURN_ATTR_REQUESTED_TRANSPORT, TURN_PROTOCOL_UDP);
	return ask;
}

/* Puts the names; which of them is a set of letters: u, h, r, n. */
static void put_names(struct kit_ask *ask, const struct kit_client *c, const char *which)
{
	static const uint8_t hash[32];

	if (strchr(which, 'u'))
		stun_put(&ask->o, STUN_ATTR_USERNAME, c->username, strlen(c->username));
	if (strchr(which, 'h'))
		stun_put(&ask->o, STUN_ATTR_USERHASH, hash, sizeof(hash));
	if (strchr(which, 'r'))
		stun_put(&ask->o, STUN_ATTR_REALM, KIT_REALM, strlen(KIT_REALM));
	if (strchr(which, 'n'))
		stun_put(&ask->o, STUN_ATTR_NONCE, c->nonce, c->nonce_len);
}

static void sign(struct kit_ask *ask, const struct kit_client *c, bool sha256)
{
	uint8_t key[TURNCRED_KEY_MAX];
	size_t len = turncred_key(key, sha256 ? TURNCRED_SHA256 : TURNCRED_MD5,
				  c->username, strlen(c->username), KIT_REALM,
				  c->password);

	if (sha256)
		stun_put_sha256(&ask->o, key, len);
	else
		stun_put_sha1(&ask->o, key, len);
}

/* --- The challenge ------------------------------------------------------------- */

START_TEST(test_without_integrity_401_with_all_it_takes)
{
	/* A2, A4: realm, nonce, algorithms; not signed */
	struct stun_attr attr;

	begin();
	ck_assert_int_eq(kit_challenge(&k, &ann), 401);
	ck_assert(!signed_reply());
	ck_assert(stun_find(&k.msg, STUN_ATTR_REALM, &attr));
	ck_assert_mem_eq(attr.value, KIT_REALM, strlen(KIT_REALM));
	ck_assert(stun_find(&k.msg, STUN_ATTR_NONCE, &attr));
	ck_assert_mem_eq(attr.value, "obMatJos2gAAA", 13);
	ck_assert(stun_find(&k.msg, STUN_ATTR_PASSWORD_ALGORITHMS, &attr));
	ck_assert_mem_eq(attr.value, offered, sizeof(offered));
	ck_assert_uint_eq(kit_count(&k, TURN_USERS), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_challenge_has_at_most_104_bytes)
{
	/* D5: with a realm of 14 characters */
	kit_init(&k);
	strcpy(k.conf.realm, "clinic.example");
	start();
	ck_assert_int_eq(kit_challenge(&k, &ann), 401);
	ck_assert_uint_eq(k.v.len, 104);
	kit_stop(&k);
}
END_TEST

START_TEST(test_each_method_wants_integrity)
{
	/* I7, D1: nothing is anonymous */
	static const uint16_t methods[] = {TURN_ALLOCATE, TURN_REFRESH,
					   TURN_CREATE_PERMISSION, TURN_CHANNEL_BIND};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct kit_ask ask = kit_ask(&k, methods[i]);

		ck_assert_int_eq(kit_send_bare(&ask, &ann), 401);
	}
	kit_stop(&k);
}
END_TEST

START_TEST(test_missing_names_are_400_without_integrity)
{
	/* A2 */
	static const char *const some[] = {"", "u", "r", "n", "ur", "un", "rn", "h",
					   "hr", "hn"};

	begin();
	kit_challenge(&k, &ann);
	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		struct kit_ask ask = ask_allocate();

		put_names(&ask, &ann, some[i]);
		sign(&ask, &ann, false);
		ck_assert_int_eq(kit_send_bare(&ask, &ann), 400);
		ck_assert(!signed_reply() && !reply_has(STUN_ATTR_NONCE));
	}
	kit_stop(&k);
}
END_TEST

START_TEST(test_names_longer_than_763_bytes_are_400)
{
	/* P10 */
	char name[764];
	struct kit_ask ask;

	begin();
	kit_challenge(&k, &ann);
	memset(name, '1', sizeof(name));
	ask = ask_allocate();
	stun_put(&ask.o, STUN_ATTR_USERNAME, name, 764);
	put_names(&ask, &ann, "rn");
	sign(&ask, &ann, false);
	ck_assert_int_eq(kit_send_bare(&ask, &ann), 400);
	ask = ask_allocate();
	stun_put(&ask.o, STUN_ATTR_USERNAME, name, 763);
	put_names(&ask, &ann, "rn");
	sign(&ask, &ann, false);
	ck_assert_int_eq(kit_send_bare(&ask, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_user_hash_is_nobody)
{
	/* A8: not announced, 401 */
	struct kit_ask ask;

	begin();
	kit_challenge(&k, &ann);
	ask = ask_allocate();
	put_names(&ask, &ann, "hrn");
	sign(&ask, &ann, false);
	ck_assert_int_eq(kit_send_bare(&ask, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_wrong_password_is_401)
{
	/* A2, A4: not 400; with a nonce to try again */
	begin();
	kit_credentials(&k, &ann, "another-secret", "meet.ann.p", 3600);
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	ck_assert(!signed_reply() && reply_has(STUN_ATTR_NONCE));
	kit_stop(&k);
}
END_TEST

START_TEST(test_changed_username_is_401)
{
	/* A12: what the name says is covered by its password */
	begin();
	kit_credentials(&k, &ann, KIT_SECRET, "meet.ann.w", 3600);
	ann.username[strlen(ann.username) - 1] = 'p';
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_integrity_of_wrong_length_is_400)
{
	/* I2: no truncation */
	static const struct { uint16_t type, len; } table[] = {
		{STUN_ATTR_INTEGRITY, 16}, {STUN_ATTR_INTEGRITY, 24},
		{STUN_ATTR_INTEGRITY_SHA256, 16}, {STUN_ATTR_INTEGRITY_SHA256, 28},
		{STUN_ATTR_INTEGRITY_SHA256, 36},
	};
	static const uint8_t zeros[40];

	begin();
	kit_challenge(&k, &ann);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct kit_ask ask = ask_allocate();

		put_names(&ask, &ann, "urn");
		stun_put(&ask.o, table[i].type, zeros, table[i].len);
		ck_assert_int_eq(kit_send_bare(&ask, &ann), 400);
	}
	kit_stop(&k);
}
END_TEST

/* --- Nonces ------------------------------------------------------------------- */

START_TEST(test_strange_nonce_is_438_before_any_key)
{
	/* A3: whatever the signature; realm, nonce and algorithms again */
	begin();
	kit_challenge(&k, &ann);
	ann.nonce[20] ^= 1;
	kit_credentials(&k, &ann, "another-secret", "meet.ann.p", 3600);
	ck_assert_int_eq(kit_allocate(&k, &ann), 438);
	ck_assert(reply_has(STUN_ATTR_REALM) && reply_has(STUN_ATTR_NONCE) &&
		  reply_has(STUN_ATTR_PASSWORD_ALGORITHMS));
	/* and the one that came with it is good */
	kit_credentials(&k, &ann, KIT_SECRET, "meet.ann.p", 3600);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_nonce_of_another_client_is_438)
{
	/* A5 */
	begin();
	kit_challenge(&k, &ben);
	memcpy(ann.nonce, ben.nonce, ben.nonce_len);
	ann.nonce_len = ben.nonce_len;
	ck_assert_int_eq(kit_allocate(&k, &ann), 438);
	kit_stop(&k);
}
END_TEST

START_TEST(test_nonce_lives_an_hour)
{
	/* A11, 0.1: a client may take its time between 401 and Allocate */
	begin();
	kit_challenge(&k, &ann);
	k.now_ms += 3599000;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	k.now_ms += 1000;
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 438);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_old_nonce_is_438_only_for_who_knows_the_password)
{
	/* A3: too old, but ours: the signature first */
	begin();
	kit_challenge(&k, &ann);
	k.now_ms += 3600000;
	kit_credentials(&k, &ann, "another-secret", "meet.ann.p", 3600);
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_fresh_challenge_is_never_followed_by_438)
{
	/* 0.1: both browsers give up on it */
	begin();
	for (uint16_t i = 0; i < 1000; i++) {
		kit_client(&k, &ann, "203.0.113.7", (uint16_t)(1024 + i), "meet.ann.p");
		ck_assert_int_eq(kit_challenge(&k, &ann), 401);
		k.now_ms += 999;
		ck_assert_int_eq(kit_allocate(&k, &ann), 0);
		ck_assert_int_eq(kit_refresh(&k, &ann, 0), 0);
	}
	kit_stop(&k);
}
END_TEST

/* --- Algorithms ---------------------------------------------------------------- */

START_TEST(test_sha256_where_the_client_chooses_it)
{
	/* A6, A7, I5: answers are signed with -SHA256 (kit_send() looks) */
	begin();
	ann.sha256 = true;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert(k.msg.sha256 && !k.msg.sha1);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	ck_assert(k.msg.sha256 && !k.msg.sha1);
	ck_assert_int_eq(kit_permit(&k, &ann, "10.0.0.1"), 403);
	ck_assert(k.msg.sha256 && !k.msg.sha1);
	/* I5: and 0x001c never to one that does not speak it */
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	ck_assert(!k.msg.sha256 && k.msg.sha1);
	kit_stop(&k);
}
END_TEST

static int with_algorithms(const void *list, size_t list_len, const void *choice,
			   size_t choice_len, bool sha256)
{
	struct kit_ask ask = ask_allocate();

	put_names(&ask, &ann, "urn");
	if (list)
		stun_put(&ask.o, STUN_ATTR_PASSWORD_ALGORITHMS, list, list_len);
	if (choice)
		stun_put(&ask.o, STUN_ATTR_PASSWORD_ALGORITHM, choice, choice_len);
	sign(&ask, &ann, sha256);
	return kit_send_bare(&ask, &ann);
}

START_TEST(test_algorithms_that_do_not_fit_are_400)
{
	/* A7: both or none, our list byte for byte, a choice out of it */
	static const uint8_t swapped[] = {0, 1, 0, 0, 0, 2, 0, 0};

	begin();
	kit_challenge(&k, &ann);
	ck_assert_int_eq(with_algorithms(offered, 8, NULL, 0, true), 400);
	ck_assert_int_eq(with_algorithms(NULL, 0, offered, 4, true), 400);
	ck_assert_int_eq(with_algorithms(swapped, 8, offered, 4, true), 400);
	ck_assert_int_eq(with_algorithms(offered + 4, 4, offered + 4, 4, false), 400);
	ck_assert_int_eq(with_algorithms(offered, 8, "\0\3\0\0", 4, true), 400);
	ck_assert_int_eq(with_algorithms(offered, 8, offered, 8, true), 400);
	ck_assert_int_eq(with_algorithms(offered, 8, "\0\2", 2, true), 400);
	ck_assert(!signed_reply());
	ck_assert_int_eq(with_algorithms(offered, 8, offered, 4, true), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_md5_may_be_chosen_with_sha256_integrity)
{
	/* A7, I5 */
	uint8_t key[TURNCRED_KEY_MAX];
	struct kit_ask ask;
	size_t len;

	begin();
	kit_challenge(&k, &ann);
	ask = ask_allocate();
	put_names(&ask, &ann, "urn");
	stun_put(&ask.o, STUN_ATTR_PASSWORD_ALGORITHMS, offered, 8);
	stun_put(&ask.o, STUN_ATTR_PASSWORD_ALGORITHM, offered + 4, 4);
	len = turncred_key(key, TURNCRED_MD5, ann.username, strlen(ann.username),
			   KIT_REALM, ann.password);
	stun_put_sha256(&ask.o, key, len);
	ck_assert_int_eq(kit_send_bare(&ask, &ann), 0);
	ck_assert(k.msg.sha256 && !k.msg.sha1);
	ck_assert_int_eq(stun_check_sha256(&k.msg, key, len), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_sha256_is_the_one_verified)
{
	/* I4: where both are there a good SHA1 does not help */
	uint8_t key[TURNCRED_KEY_MAX], wrong[32] = {0};
	struct kit_ask ask;
	size_t len;

	begin();
	kit_challenge(&k, &ann);
	ask = ask_allocate();
	put_names(&ask, &ann, "urn");
	len = turncred_key(key, TURNCRED_MD5, ann.username, strlen(ann.username),
			   KIT_REALM, ann.password);
	stun_put_sha1(&ask.o, key, len);
	stun_put_sha256(&ask.o, wrong, sizeof(wrong));
	ck_assert_int_eq(kit_send_bare(&ask, &ann), 401);
	kit_stop(&k);
}
END_TEST

/* --- Who, and until when --------------------------------------------------------- */

START_TEST(test_another_user_on_the_tuple_is_441)
{
	/* A9: signed with the key of the one who asks; also a renewed name */
	struct kit_client other;

	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	other = ann;
	kit_credentials(&k, &other, KIT_SECRET, "meet.ben.p", 3600);
	ck_assert_int_eq(kit_refresh(&k, &other, 0), 441);
	ck_assert_int_eq(kit_permit(&k, &other, KIT_PEER), 441);
	ck_assert_int_eq(kit_bind(&k, &other, 0x4000, KIT_PEER, 9), 441);
	ck_assert_int_eq(kit_allocate(&k, &other), 437);
	kit_credentials(&k, &other, KIT_SECRET, "meet.ann.p", 7200);
	ck_assert_int_eq(kit_refresh(&k, &other, 600), 441);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_expiry_is_for_allocate_only)
{
	/* 0.2: what is open goes on, as long as it is refreshed */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	for (int i = 0; i < 20; i++) {
		k.now_ms += 500000;
		k.wall_ms += 500000;
		ann.nonce_len = 0;
		ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	}
	ck_assert_int_eq(kit_permit(&k, &ann, KIT_PEER), 0);
	ck_assert_int_eq(kit_bind(&k, &ann, 0x4000, KIT_PEER, 9), 0);
	ck_assert_int_eq(kit_refresh(&k, &ann, 0), 0);
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_expired_name_without_allocation_is_437)
{
	/* E8: after a restart the client is told what it lost, not who it is not */
	begin();
	k.wall_ms += 7200000;
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 437);
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_expiry_is_to_the_second)
{
	/* A12 */
	begin();
	k.wall_ms += 3599999;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	k.wall_ms += 1;
	ck_assert_int_eq(kit_allocate(&k, &ben), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_retransmitted_allocate_is_answered_after_expiry)
{
	/* L1, 0.2 */
	begin();
	k.wall_ms += 3599000;
	kit_challenge(&k, &ann);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	k.wall_ms += 5000;
	k.tids--;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_expiry_too_far_ahead_is_401)
{
	/* a forgotten participant is forgotten for as long as any of its names lives */
	kit_init(&k);
	k.conf.credential_max_s = 7200;
	start();
	kit_credentials(&k, &ann, KIT_SECRET, "meet.ann.p", 7200);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	kit_credentials(&k, &ben, KIT_SECRET, "meet.ben.p", 7201);
	ck_assert_int_eq(kit_allocate(&k, &ben), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_two_secrets_during_a_rotation)
{
	/* A13, E5: the previous one still fits; what is open needs neither */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	strcpy(k.secrets.previous, KIT_SECRET);
	strcpy(k.secrets.current, "the-next-secret");
	turn_set_secrets(k.ts, &k.secrets);
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	ck_assert_int_eq(kit_refresh(&k, &ben, 0), 0);
	kit_credentials(&k, &ben, "the-next-secret", "meet.ben.p", 3600);
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	k.secrets.previous[0] = '\0';
	turn_set_secrets(k.ts, &k.secrets);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	ck_assert_int_eq(kit_refresh(&k, &ann, 0), 0);
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

/* --- Forgetting ---------------------------------------------------------------- */

START_TEST(test_forgotten_participant_loses_all_at_once)
{
	/* D10, the contract: allocations close, the name is refused, others go on */
	struct kit_client second;

	begin();
	kit_client(&k, &second, "203.0.113.7", 4001, "meet.ann.w");
	second.tuple.transport = TURN_TLS;
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	ck_assert_int_eq(kit_allocate(&k, &second), 0);
	ck_assert_int_eq(kit_allocate(&k, &ben), 0);
	turn_forget(k.ts, k.now_ms, "meet.ann", 8);
	ck_assert_uint_eq(kit_count(&k, TURN_ALLOCATIONS), 1);
	ck_assert_uint_eq(k.streams_closed, 1);
	ck_assert_int_eq(k.event.reason, TURN_CLOSED_FORGOTTEN);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 401);
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	ck_assert_int_eq(kit_allocate(&k, &second), 401);
	ck_assert_int_eq(kit_refresh(&k, &ben, 600), 0);
	/* a fresh expiry does not help */
	kit_credentials(&k, &ann, KIT_SECRET, "meet.ann.p", 7200);
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_forgetting_ends_what_has_expired_and_is_refreshed)
{
	/* 0.2 and D10 together */
	begin();
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	for (int i = 0; i < 10; i++) {
		k.now_ms += 500000;
		k.wall_ms += 500000;
		ann.nonce_len = 0;
		ck_assert_int_eq(kit_refresh(&k, &ann, 600), 0);
	}
	turn_forget(k.ts, k.now_ms, "meet.ann", 8);
	ck_assert_uint_eq(k.socks_open, 0);
	ck_assert_int_eq(kit_refresh(&k, &ann, 600), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_forgetting_drops_reservations)
{
	/* L8, D2 */
	struct kit_ask ask;
	uint8_t reserve = 0x80;

	begin();
	kit_challenge(&k, &ann);
	ask = ask_allocate();
	stun_put(&ask.o, TURN_ATTR_EVEN_PORT, &reserve, 1);
	ck_assert_int_eq(kit_send(&ask, &ann), 0);
	ck_assert_uint_eq(k.socks_open, 2);
	turn_forget(k.ts, k.now_ms, "meet.ann", 8);
	ck_assert_uint_eq(k.socks_open, 0);
	ck_assert_uint_eq(kit_count(&k, TURN_USERS), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_memory_of_the_forgotten_ends_with_their_names)
{
	/* until then the longest-lived name is refused */
	kit_init(&k);
	k.conf.credential_max_s = 7200;
	start();
	turn_forget(k.ts, k.now_ms, "meet.ann", 8);
	kit_credentials(&k, &ann, KIT_SECRET, "meet.ann.p", 14000);
	k.now_ms += 7199000;
	k.wall_ms += 7199000;
	turn_tick(k.ts, k.now_ms);
	ck_assert_int_eq(kit_allocate(&k, &ann), 401);
	k.now_ms += 1000;
	k.wall_ms += 1000;
	turn_tick(k.ts, k.now_ms);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	kit_stop(&k);
}
END_TEST

START_TEST(test_forgetting_somebody_unknown_is_harmless)
{
	/* one who never used the relay, twice */
	begin();
	turn_forget(k.ts, k.now_ms, "meet.nobody", 11);
	turn_forget(k.ts, k.now_ms, "meet.nobody", 11);
	ck_assert_int_eq(kit_allocate(&k, &ann), 0);
	kit_stop(&k);
}
END_TEST

/* --- Refusals ------------------------------------------------------------------ */

START_TEST(test_refusals_over_udp_are_rationed)
{
	/* D4: a burst of 40, 20 a second, then silence; others are not concerned */
	int answered = 0;

	begin();
	for (int i = 0; i < 200; i++)
		answered += kit_challenge(&k, &ann) == 401;
	ck_assert_int_eq(answered, 40);
	ck_assert_uint_eq(kit_count(&k, TURN_SILENCED), 160);
	ck_assert_int_eq(kit_challenge(&k, &ben), 401);
	k.now_ms += 1000;
	for (answered = 0; kit_challenge(&k, &ann) == 401; answered++)
		;
	ck_assert_int_eq(answered, 20);
	kit_stop(&k);
}
END_TEST

START_TEST(test_forged_integrity_is_rationed_too)
{
	/* D4: 438 and 401 share the bucket */
	int answered = 0;

	begin();
	kit_challenge(&k, &ann);
	kit_credentials(&k, &ann, "another-secret", "meet.ann.p", 3600);
	for (int i = 0; i < 50; i++) {
		if (i % 2)
			ann.nonce[20] ^= 1;
		answered += kit_allocate(&k, &ann) > 0;
	}
	ck_assert_int_eq(answered, 39);
	kit_stop(&k);
}
END_TEST

START_TEST(test_a_v6_network_is_one_source)
{
	/* D4: a /64 does not evade it */
	int answered = 0;

	begin();
	for (int i = 0; i < 100; i++) {
		kit_client(&k, &ann, "2600:1:2:3::1", 4000, "meet.ann.p");
		ann.tuple.client.ip[15] = (uint8_t)i;
		answered += kit_challenge(&k, &ann) == 401;
	}
	ck_assert_int_eq(answered, 40);
	kit_client(&k, &ann, "2600:1:2:4::1", 4000, "meet.ann.p");
	ck_assert_int_eq(kit_challenge(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_connections_are_not_rationed)
{
	/* D4: their source is not made up */
	begin();
	ann.tuple.transport = TURN_TCP;
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(kit_challenge(&k, &ann), 401);
	kit_stop(&k);
}
END_TEST

START_TEST(test_a_flood_from_everywhere_is_capped)
{
	/* D4: the global cap; D6: and leaves no memory behind */
	int answered = 0;

	kit_init(&k);
	k.conf.refusals_all_per_s = 1000;
	start();
	for (unsigned i = 0; i < 100000; i++) {
		ann.tuple.client.ip[13] = (uint8_t)(i >> 16);
		ann.tuple.client.ip[14] = (uint8_t)(i >> 8);
		ann.tuple.client.ip[15] = (uint8_t)i;
		answered += kit_challenge(&k, &ann) == 401;
	}
	ck_assert_int_eq(answered, 1000);
	ck_assert_uint_eq(kit_count(&k, TURN_USERS), 0);
	kit_stop(&k);
}
END_TEST

UNIT_MAIN("turnauth", test_without_integrity_401_with_all_it_takes,
	  test_challenge_has_at_most_104_bytes, test_each_method_wants_integrity,
	  test_missing_names_are_400_without_integrity,
	  test_names_longer_than_763_bytes_are_400, test_user_hash_is_nobody,
	  test_wrong_password_is_401, test_changed_username_is_401,
	  test_integrity_of_wrong_length_is_400, test_strange_nonce_is_438_before_any_key,
	  test_nonce_of_another_client_is_438, test_nonce_lives_an_hour,
	  test_old_nonce_is_438_only_for_who_knows_the_password,
	  test_fresh_challenge_is_never_followed_by_438,
	  test_sha256_where_the_client_chooses_it, test_algorithms_that_do_not_fit_are_400,
	  test_md5_may_be_chosen_with_sha256_integrity, test_sha256_is_the_one_verified,
	  test_another_user_on_the_tuple_is_441, test_expiry_is_for_allocate_only,
	  test_expired_name_without_allocation_is_437,
	  test_expiry_is_to_the_second, test_retransmitted_allocate_is_answered_after_expiry,
	  test_expiry_too_far_ahead_is_401, test_two_secrets_during_a_rotation,
	  test_forgotten_participant_loses_all_at_once,
	  test_forgetting_ends_what_has_expired_and_is_refreshed,
	  test_forgetting_drops_reservations,
	  test_memory_of_the_forgotten_ends_with_their_names,
	  test_forgetting_somebody_unknown_is_harmless,
	  test_refusals_over_udp_are_rationed, test_forged_integrity_is_rationed_too,
	  test_a_v6_network_is_one_source, test_connections_are_not_rationed,
	  test_a_flood_from_everywhere_is_capped)
