#include "proto/jwt.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/err.h"
#include "base/mem.h"
#include "jwtkit.h"
#include "unit.h"

#define NOW 1795166400
#define MEETING "kXlS0P4yZTT0pYcxVnFt0A"

static char dashboard[] = "dashboard", paravent[] = "paravent", none[] = "";
static char first[] = "2026-11", second[] = "2026-12", clinic[] = "clinic";

static struct jwtconf conf_of(enum jwt_dialect dialect, enum jwt_algorithm algorithm)
{
	return (struct jwtconf){
		.name = clinic, .dialect = dialect, .algorithm = algorithm,
		.issuer = dashboard, .audience = paravent, .key_id = none,
		.secret_file = none, .public_key_file = none,
		.internal_secret_file = none,
	};
}

static const char secret[] = "a-secret-of-at-least-thirty-two-bytes";

static struct jwt_key key_of(const struct jwtconf *conf, const char *bytes)
{
	return (struct jwt_key){conf, (const uint8_t *)bytes, strlen(bytes)};
}

/* The table that the scenario tests read too. */
static json_t *table(void)
{
	const char *dir = getenv("abs_srcdir");
	char path[512];
	json_t *t;

	snprintf(path, sizeof(path), "%s/tests/scenario/badtokens.json", dir ? dir : ".");
	t = json_load_file(path, JSON_ALLOW_NUL, NULL);
	ck_assert_msg(t != NULL, "%s", path);
	return t;
}

static const char *reason_name(enum factdata_reason reason)
{
	static const char *const names[] = {
		"",
#define X(symbol, name) name,
		FACTDATA_REASONS(X)
#undef X
	};

	return names[reason];
}

/* A token of the claims, signed with `secret`; free() it. */
static char *made(const char *head, const char *claims)
{
	struct buf b = BUF_INIT;
	char coded[JWT_LEN_MAX * 2], mac[44];

	b64_encode(coded, head, strlen(head));
	buf_printf(&b, "%s.", coded);
	b64_encode(coded, claims, strlen(claims));
	buf_puts(&b, coded);
	jwtkit_hs256(mac, secret, b.p);
	buf_printf(&b, ".%s", mac);
	return buf_detach(&b);
}

/* The reason, "" for a good one. */
static const char *judged(struct jwt_person *p, const struct jwt_key *keys, size_t count,
			  const char *token)
{
	enum factdata_reason reason;
	int err = jwt_judge(p, &reason, keys, count, NOW, token, strlen(token));

	ck_assert_int_eq(err, reason ? ERR_UNAUTHORIZED : 0);
	return reason_name(reason);
}

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define WHO "\"iss\":\"dashboard\",\"aud\":\"paravent\",\"sub\":\"dr-who\","
#define SOON "\"exp\":1795170000"

static const char *judged_claims(struct jwt_person *p, enum jwt_dialect dialect,
				 const char *claims)
{
	const struct jwtconf conf = conf_of(dialect, JWT_HS256);
	const struct jwt_key key = key_of(&conf, secret);
	char *token = made(HS256, claims);
	const char *reason = judged(p, &key, 1, token);

	free(token);
	return reason;
}

START_TEST(test_each_dialect_says_who)
{
	/* doc/protocol.md, JWT: all map to meeting, person, name, role, nbf, exp */
	struct jwt_person p;

	ck_assert_str_eq(judged_claims(&p, JWT_NATIVE, "{" WHO SOON ",\"nbf\":1795166000,"
		"\"room\":\"" MEETING "\",\"context\":{\"user\":{\"id\":\"u-7\","
		"\"name\":\" Dr. Gr\\u00fcn \",\"moderator\":true}}}"), "");
	ck_assert_str_eq(p.meeting, MEETING);
	ck_assert_str_eq(p.person, "u-7");
	ck_assert_str_eq(p.name, "Dr. Gr\xc3\xbcn");
	ck_assert(p.host);
	ck_assert_int_eq(p.not_before, 1795166000);
	ck_assert_int_eq(p.expires_at, 1795170000);

	ck_assert_str_eq(judged_claims(&p, JWT_JITSI, "{" WHO SOON ",\"room\":\"*\","
		"\"context\":{\"user\":{\"moderator\":\"true\"},\"features\":{}}}"), "");
	ck_assert_str_eq(p.meeting, "*");
	ck_assert_str_eq(p.person, "dr-who");
	ck_assert_str_eq(p.name, "");
	ck_assert(p.host);
	ck_assert(jwt_opens(&p, MEETING));

	ck_assert_str_eq(judged_claims(&p, JWT_JITSI, "{" WHO SOON ",\"room\":\"" MEETING
		"\",\"context\":{\"user\":{\"moderator\":\"false\",\"name\":\"\"}}}"), "");
	ck_assert(!p.host);
	ck_assert(jwt_opens(&p, MEETING));
	ck_assert(!jwt_opens(&p, "AAAAAAAAAAAAAAAAAAAAAA"));

	ck_assert_str_eq(judged_claims(&p, JWT_CAREPULSE, "{" WHO SOON ",\"sessionId\":\""
		MEETING "\",\"roomName\":\"room_x\",\"role\":\"doctor\","
		"\"permissions\":[\"host\"]}"), "");
	ck_assert_str_eq(p.meeting, MEETING);
	ck_assert_str_eq(p.person, "dr-who");
	ck_assert(p.host);
	ck_assert_str_eq(judged_claims(&p, JWT_CAREPULSE, "{" WHO SOON ",\"sessionId\":\""
		MEETING "\",\"role\":\"patient\"}"), "");
	ck_assert(!p.host);
}
END_TEST

START_TEST(test_carepulse_knows_its_roles_and_no_star)
{
	/* doc/protocol.md, JWT: role doctor or patient; `*` is for native hosts only */
	struct jwt_person p;

	ck_assert_str_eq(judged_claims(&p, JWT_CAREPULSE, "{" WHO SOON ",\"sessionId\":\""
		MEETING "\",\"role\":\"nurse\"}"), "role");
	ck_assert_str_eq(judged_claims(&p, JWT_CAREPULSE, "{" WHO SOON ",\"sessionId\":\""
		MEETING "\"}"), "role");
	ck_assert_str_eq(judged_claims(&p, JWT_CAREPULSE, "{" WHO SOON
		",\"sessionId\":\"*\",\"role\":\"doctor\"}"), "meeting");
	ck_assert_str_eq(judged_claims(&p, JWT_CAREPULSE, "{" WHO SOON ",\"room\":\""
		MEETING "\",\"role\":\"doctor\"}"), "meeting");
}
END_TEST

START_TEST(test_bad_tokens_are_refused)
{
	/* T-40: each row of the table, and for its own reason */
	const struct jwtconf conf = conf_of(JWT_NATIVE, JWT_HS256);
	const struct jwt_key key = key_of(&conf, secret);
	json_t *t = table(), *good = json_object_get(t, "good"), *row;
	json_t *empty = json_object();
	struct jwt_person p;
	struct buf b = BUF_INIT;
	size_t i;

	jwtkit_token(&b, good, empty, NOW, MEETING);
	ck_assert_str_eq(judged(&p, &key, 1, b.p), "");
	ck_assert_uint_ge(json_array_size(json_object_get(t, "bad")), 86);
	json_array_foreach(json_object_get(t, "bad"), i, row) {
		const char *name = jwtkit_text(row, "name", ""), *reason;

		if (json_object_get(row, "only"))
			continue;
		buf_reset(&b);
		jwtkit_token(&b, good, row, NOW, MEETING);
		reason = judged(&p, &key, 1, b.p);
		ck_assert_msg(strcmp(reason, jwtkit_text(row, "reason", "")) == 0,
			      "%s: %s", name, reason);
	}
	buf_fini(&b);
	json_decref(empty);
	json_decref(t);
}
END_TEST

START_TEST(test_each_flipped_bit_is_refused)
{
	/* T-40: no bit of a token is without weight */
	const struct jwtconf conf = conf_of(JWT_NATIVE, JWT_HS256);
	const struct jwt_key key = key_of(&conf, secret);
	char *token = made(HS256, "{" WHO SOON ",\"room\":\"" MEETING "\"}");
	enum factdata_reason reason;
	struct jwt_person p;
	size_t len = strlen(token), bit;

	for (bit = 0; bit < 8 * len; bit++) {
		token[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert_int_eq(jwt_judge(&p, &reason, &key, 1, NOW, token, len),
				 ERR_UNAUTHORIZED);
		token[bit / 8] ^= (char)(1 << bit % 8);
	}
	ck_assert_str_eq(judged(&p, &key, 1, token), "");
	free(token);
}
END_TEST

START_TEST(test_each_length_of_a_good_token_is_refused)
{
	/* jwt.h: any bytes; nothing is read behind them */
	const struct jwtconf conf = conf_of(JWT_NATIVE, JWT_HS256);
	const struct jwt_key key = key_of(&conf, secret);
	char *token = made(HS256, "{" WHO SOON ",\"room\":\"" MEETING "\"}");
	enum factdata_reason reason;
	struct jwt_person p;
	size_t len;

	for (len = 0; len < strlen(token); len++) {
		char *cut = mem_new(len + 1);	/* for the sanitizer's sake */

		memcpy(cut, token, len);
		ck_assert_int_eq(jwt_judge(&p, &reason, &key, 1, NOW, cut, len),
				 ERR_UNAUTHORIZED);
		free(cut);
	}
	free(token);
}
END_TEST

/* --- Public keys ---------------------------------------------------------------- */

static char *pem_of(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *copy;
	long len;

	ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, pkey), 1);
	len = BIO_get_mem_data(bio, &data);
	copy = mem_copy(data, (size_t)len);
	BIO_free(bio);
	return copy;
}

/* ES256 is two numbers of 32 bytes (RFC 7518 section 3.4), OpenSSL's is DER. */
static size_t raw_of_der(uint8_t *out, const uint8_t *der, size_t len)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);

	BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32);
	ECDSA_SIG_free(sig);
	return 64;
}

static char *signed_by(EVP_PKEY *pkey, const char *alg, const char *claims)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[1024], raw[64];
	size_t len = sizeof(sig);
	char head[64], coded[2048];
	struct buf b = BUF_INIT;

	snprintf(head, sizeof(head), "{\"alg\":\"%s\"}", alg);
	b64_encode(coded, head, strlen(head));
	buf_printf(&b, "%s.", coded);
	b64_encode(coded, claims, strlen(claims));
	buf_puts(&b, coded);
	ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey), 1);
	ck_assert_int_eq(EVP_DigestSign(ctx, sig, &len, (const uint8_t *)b.p, b.len), 1);
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC)
		b64_encode(coded, raw, raw_of_der(raw, sig, len));
	else
		b64_encode(coded, sig, len);
	buf_printf(&b, ".%s", coded);
	EVP_MD_CTX_free(ctx);
	return buf_detach(&b);
}

/* One character after the other becomes another one; the last, some of whose bits mean
 * nothing, each of all others. */
static void assert_no_character_to_spare(const struct jwt_key *key, char *token)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789-_";
	struct jwt_person p;
	char *c, was;

	for (c = token; *c; c++) {
		was = *c;
		*c = was == 'B' ? 'C' : 'B';
		ck_assert_str_ne(judged(&p, key, 1, token), "");
		*c = was;
	}
	was = *--c;
	for (size_t i = 0; all[i]; i++) {
		*c = all[i];
		ck_assert_int_eq(!*judged(&p, key, 1, token), all[i] == was);
	}
	*c = was;
}

#define GOOD "{" WHO SOON ",\"room\":\"" MEETING "\"}"

START_TEST(test_rs256_takes_its_key_and_no_other_algorithm)
{
	/* the public key is public: who signs HS256 with it has proved nothing */
	const struct jwtconf conf = conf_of(JWT_NATIVE, JWT_RS256);
	EVP_PKEY *pkey = EVP_RSA_gen(2048), *other = EVP_RSA_gen(2048);
	char *pem = pem_of(pkey), *token = signed_by(pkey, "RS256", GOOD), *forged;
	const struct jwt_key key = key_of(&conf, pem);
	struct jwt_person p;
	struct buf b = BUF_INIT;
	char mac[44];

	ck_assert_str_eq(judged(&p, &key, 1, token), "");
	ck_assert_str_eq(p.meeting, MEETING);
	assert_no_character_to_spare(&key, token);

	forged = made(HS256, GOOD);
	buf_put(&b, forged, (size_t)(strrchr(forged, '.') - forged));
	jwtkit_hs256(mac, pem, b.p);
	buf_printf(&b, ".%s", mac);
	ck_assert_str_eq(judged(&p, &key, 1, b.p), "algorithm");
	free(forged);

	forged = signed_by(other, "RS256", GOOD);
	ck_assert_str_eq(judged(&p, &key, 1, forged), "signature");
	free(forged);
	buf_fini(&b);
	free(token);
	free(pem);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(other);
}
END_TEST

START_TEST(test_es256_takes_its_key_and_no_zeros)
{
	/* CVE-2022-21449: a signature of zeros fits every message where nobody looks */
	const struct jwtconf conf = conf_of(JWT_NATIVE, JWT_ES256);
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	char *pem = pem_of(pkey), *token = signed_by(pkey, "ES256", GOOD);
	const struct jwt_key key = key_of(&conf, pem);
	struct jwt_person p;

	ck_assert_str_eq(judged(&p, &key, 1, token), "");
	assert_no_character_to_spare(&key, token);
	memset(strrchr(token, '.') + 1, 'A', 86);
	ck_assert_str_eq(judged(&p, &key, 1, token), "signature");
	free(token);
	token = made(HS256, GOOD);
	ck_assert_str_eq(judged(&p, &key, 1, token), "algorithm");
	free(token);
	free(pem);
	EVP_PKEY_free(pkey);
}
END_TEST

/* --- Which key ------------------------------------------------------------------ */

START_TEST(test_kid_chooses_among_keys)
{
	/* doc/protocol.md, JWT: kid only chooses among configured keys; without one all
	 * whose issuer fits are tried, so keys can be changed without a gap */
	struct jwtconf old = conf_of(JWT_NATIVE, JWT_HS256), new = old, other = old;
	struct jwt_key keys[3];
	struct jwt_person p;
	char *token;

	old.key_id = first;
	new.key_id = second;
	other.issuer = clinic;
	keys[0] = key_of(&other, "the secret of another practice here");
	keys[1] = key_of(&old, "the secret that was used until now!");
	keys[2] = key_of(&new, secret);
	token = made("{\"alg\":\"HS256\",\"kid\":\"2026-12\"}", GOOD);
	ck_assert_str_eq(judged(&p, keys, 3, token), "");
	ck_assert_ptr_eq(p.by, &new);
	free(token);
	token = made(HS256, GOOD);
	ck_assert_str_eq(judged(&p, keys, 3, token), "");
	ck_assert_ptr_eq(p.by, &new);
	ck_assert_str_eq(judged(&p, keys, 2, token), "signature");
	ck_assert_str_eq(judged(&p, keys, 1, token), "issuer");
	ck_assert_str_eq(judged(&p, keys, 0, token), "key");
	free(token);
	token = made("{\"alg\":\"HS256\",\"kid\":\"2026-11\"}", GOOD);
	ck_assert_str_eq(judged(&p, keys, 3, token), "signature");
	free(token);
	token = made("{\"alg\":\"HS256\",\"kid\":\"2026-10\"}", GOOD);
	ck_assert_str_eq(judged(&p, keys, 3, token), "key");
	free(token);
}
END_TEST

START_TEST(test_an_issuer_without_a_name_is_one_without_the_claim)
{
	/* jwtconf.h: the seeds' tokens have neither iss nor aud; where that is so
	 * configured, a token that has one is another's */
	struct jwtconf conf = conf_of(JWT_CAREPULSE, JWT_HS256);
	const struct jwt_key key = key_of(&conf, secret);
	struct jwt_person p;
	char *token = made(HS256, "{\"sub\":\"usr_789\"," SOON ",\"sessionId\":\"" MEETING
				  "\",\"role\":\"patient\"}");

	ck_assert_str_eq(judged(&p, &key, 1, token), "issuer");
	conf.issuer = none;
	ck_assert_str_eq(judged(&p, &key, 1, token), "audience");
	conf.audience = none;
	ck_assert_str_eq(judged(&p, &key, 1, token), "");
	free(token);
	token = made(HS256, "{\"sub\":\"x\"," SOON ",\"aud\":\"\",\"sessionId\":\"" MEETING
			    "\",\"role\":\"patient\"}");
	ck_assert_str_eq(judged(&p, &key, 1, token), "audience");
	free(token);
	token = made(HS256, "{\"sub\":\"x\"," SOON ",\"iss\":\"\",\"sessionId\":\"" MEETING
			    "\",\"role\":\"patient\"}");
	ck_assert_str_eq(judged(&p, &key, 1, token), "issuer");
	free(token);
}
END_TEST

START_TEST(test_an_audience_may_be_one_of_several)
{
	/* RFC 7519 section 4.1.3; doc/protocol.md: the array is bounded */
	struct jwt_person p;

	ck_assert_str_eq(judged_claims(&p, JWT_NATIVE,
		"{\"iss\":\"dashboard\",\"sub\":\"x\"," SOON ",\"room\":\"" MEETING "\","
		"\"aud\":[\"another\", \"paravent\"]}"), "");
}
END_TEST

/* --- Bounds --------------------------------------------------------------------- */

static const char *judged_times(long long exp, long long nbf, long long iat)
{
	struct jwt_person p;
	char claims[512];

	snprintf(claims, sizeof(claims), "{" WHO "\"room\":\"" MEETING
		 "\",\"exp\":%lld,\"nbf\":%lld,\"iat\":%lld}", exp, nbf, iat);
	return judged_claims(&p, JWT_NATIVE, claims);
}

START_TEST(test_times_have_half_a_minute)
{
	/* doc/protocol.md, JWT: leeway 30 s, at most 24 h ahead */
	ck_assert_str_eq(judged_times(NOW - 29, NOW, NOW), "");
	ck_assert_str_eq(judged_times(NOW - 30, NOW, NOW), "expired");
	ck_assert_str_eq(judged_times(NOW + 86430, NOW, NOW), "");
	ck_assert_str_eq(judged_times(NOW + 86431, NOW, NOW), "lifetime");
	ck_assert_str_eq(judged_times(NOW + 60, NOW + 30, NOW), "");
	ck_assert_str_eq(judged_times(NOW + 60, NOW + 31, NOW), "not-yet");
	ck_assert_str_eq(judged_times(NOW + 60, NOW, NOW + 30), "");
	ck_assert_str_eq(judged_times(NOW + 60, NOW, NOW + 31), "not-yet");
	ck_assert_str_eq(judged_times(NOW + 60, INT64_MIN, INT64_MIN), "");
	ck_assert_str_eq(judged_times(INT64_MIN, 0, 0), "expired");
	ck_assert_str_eq(judged_times(INT64_MAX, 0, 0), "lifetime");
}
END_TEST

START_TEST(test_a_token_of_four_kibibytes_is_the_longest)
{
	/* doc/protocol.md, JWT: size at most 4 KiB */
	const struct jwtconf conf = conf_of(JWT_NATIVE, JWT_HS256);
	const struct jwt_key key = key_of(&conf, secret);
	struct jwt_person p;
	size_t most = 0, pad;

	for (pad = 2700; pad < 3000; pad++) {
		struct buf b = BUF_INIT;
		char *token;
		bool fits;

		buf_puts(&b, "{" WHO SOON ",\"room\":\"" MEETING "\",\"pad\":\"");
		for (size_t i = 0; i < pad; i++)
			buf_putc(&b, 'x');
		buf_puts(&b, "\"}");
		token = made(HS256, b.p);
		fits = strlen(token) <= JWT_LEN_MAX;
		ck_assert_str_eq(judged(&p, &key, 1, token), fits ? "" : "too-long");
		if (fits)
			most = strlen(token);
		free(token);
		buf_fini(&b);
	}
	ck_assert_uint_ge(most, JWT_LEN_MAX - 1);
}
END_TEST

START_TEST(test_only_what_holds_a_dot_is_a_jwt)
{
	/* jwt.h: no other token of ours holds one */
	ck_assert(jwt_looks("a.b.c", 5));
	ck_assert(jwt_looks(".", 1));
	ck_assert(!jwt_looks("a.b", 1));
	ck_assert(!jwt_looks("AAAAAAAAAAAAAAAAAAAAAA", 22));
}
END_TEST

UNIT_MAIN("jwt", test_each_dialect_says_who, test_carepulse_knows_its_roles_and_no_star,
	  test_bad_tokens_are_refused, test_each_flipped_bit_is_refused,
	  test_each_length_of_a_good_token_is_refused,
	  test_rs256_takes_its_key_and_no_other_algorithm,
	  test_es256_takes_its_key_and_no_zeros, test_kid_chooses_among_keys,
	  test_an_issuer_without_a_name_is_one_without_the_claim,
	  test_an_audience_may_be_one_of_several, test_times_have_half_a_minute,
	  test_a_token_of_four_kibibytes_is_the_longest,
	  test_only_what_holds_a_dot_is_a_jwt)
