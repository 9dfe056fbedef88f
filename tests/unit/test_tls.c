#include "net/tls.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "pair.h"
#include "unit.h"

static struct buf why = BUF_INIT;

/* A handshake in memory; returns whether it went well. */
static bool shake(struct tls *tls, SSL_CTX *ctx, SSL **client)
{
	SSL *server = tls_accept(tls);
	BIO *a, *b;
	int n = 0, m = 0;

	*client = SSL_new(ctx);
	BIO_new_bio_pair(&a, 65536, &b, 65536);
	SSL_set_bio(server, a, a);
	SSL_set_bio(*client, b, b);
	for (int i = 0; i < 10 && !(n == 1 && m == 1); i++) {
		n = SSL_connect(*client);
		m = SSL_accept(server);
	}
	SSL_free(server);
	return n == 1 && m == 1;
}

START_TEST(test_protocol_is_modern)
{
	/* TLS 1.3 or 1.2, AEAD with forward secrecy; older and weaker is refused. */
	static const struct {
		int max;
		const char *ciphers;
		bool ok;
	} cases[] = {
		{TLS1_3_VERSION, "DEFAULT", true},
		{TLS1_2_VERSION, "DEFAULT", true},
		{TLS1_1_VERSION, "DEFAULT:@SECLEVEL=0", false},
		{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", false},
		{TLS1_2_VERSION, "AES128-GCM-SHA256", false},
		{TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", true},
		{TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", true},
	};
	struct pair pair;
	struct tls *tls;

	pair_make(&pair, 0, 10, NULL);
	ck_assert_int_eq(tls_new(&tls, pair.certificate, pair.key, &why), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		SSL *ssl;

		SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(ctx, cases[i].max);
		ck_assert_int_eq(SSL_CTX_set_cipher_list(ctx, cases[i].ciphers), 1);
		ck_assert_msg(shake(tls, ctx, &ssl) == cases[i].ok, "case %zu", i);
		SSL_free(ssl);
		SSL_CTX_free(ctx);
	}
	tls_free(tls);
	pair_remove(&pair);
}
END_TEST

START_TEST(test_alpn_never_fails)
{
	/* RFC 7443 and what browsers do: none, ours, an overlap, no overlap. */
	static const struct {
		const char *offer;
		const char *chosen;
	} cases[] = {
		{"", ""},
		{"\x08http/1.1", "http/1.1"},
		{"\x02h2\x08http/1.1", "http/1.1"},
		{"\x09stun.turn", "stun.turn"},
		{"\x02h2", ""},
	};
	struct pair pair;
	struct tls *tls;

	pair_make(&pair, 0, 10, NULL);
	ck_assert_int_eq(tls_new(&tls, pair.certificate, pair.key, &why), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		const unsigned char *chosen;
		unsigned len;
		SSL *ssl;

		SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)cases[i].offer,
					(unsigned)strlen(cases[i].offer));
		ck_assert(shake(tls, ctx, &ssl));
		SSL_get0_alpn_selected(ssl, &chosen, &len);
		ck_assert_uint_eq(len, strlen(cases[i].chosen));
		ck_assert(!len || !memcmp(chosen, cases[i].chosen, len));
		SSL_free(ssl);
		SSL_CTX_free(ctx);
	}
	tls_free(tls);
	pair_remove(&pair);
}
END_TEST

static void refuse(const char *certificate, const char *key, int err, const char *word)
{
	struct tls *tls;

	buf_reset(&why);
	ck_assert_int_eq(tls_new(&tls, certificate, key, &why), err);
	ck_assert_msg(strstr(why.p, word) != NULL, "\"%s\"", why.p);
}

START_TEST(test_bad_pairs_are_explained)
{
	/* One sentence that names the file at fault. */
	struct pair a, b, locked, weak;

	pair_make(&a, 0, 10, NULL);
	pair_make(&b, 0, 10, NULL);
	pair_make(&locked, 0, 10, "secret");
	pair_make(&weak, 1024, 10, NULL);
	refuse("/nowhere/cert.pem", a.key, ERR_NOT_FOUND, "/nowhere/cert.pem");
	refuse(a.certificate, "/nowhere/key.pem", ERR_NOT_FOUND, "/nowhere/key.pem");
	refuse(a.key, a.key, ERR_MALFORMED, "not a chain of certificates");
	refuse(a.certificate, a.certificate, ERR_MALFORMED, "not a private key");
	refuse(a.certificate, b.key, ERR_MALFORMED, "does not belong");
	refuse(locked.certificate, locked.key, ERR_MALFORMED, "passphrase");
	refuse(weak.certificate, weak.key, ERR_MALFORMED, "too weak");
	pair_remove(&a);
	pair_remove(&b);
	pair_remove(&locked);
	pair_remove(&weak);
	buf_fini(&why);
}
END_TEST

START_TEST(test_reload_takes_the_new_or_keeps_the_old)
{
	/* certbot renewed: the next connection sees it; a broken pair changes nothing. */
	struct pair old, new;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct tls *tls;
	SSL *ssl;

	pair_make(&old, 0, 10, NULL);
	pair_make(&new, 2048, 90, NULL);
	ck_assert_int_eq(tls_new(&tls, old.certificate, old.key, &why), 0);
	ck_assert_int_eq(tls_days_left(tls, clock_wall_ms()), 10);
	ck_assert_int_lt(tls_reload(tls, new.certificate, old.key, &why), 0);
	ck_assert_int_eq(tls_days_left(tls, clock_wall_ms()), 10);
	ck_assert(shake(tls, ctx, &ssl));
	SSL_free(ssl);
	ck_assert_int_eq(tls_reload(tls, new.certificate, new.key, &why), 0);
	ck_assert_int_eq(tls_days_left(tls, clock_wall_ms()), 90);
	ck_assert_int_eq(tls_days_left(tls, clock_wall_ms() + 91 * INT64_C(86400000)), -1);
	ck_assert(shake(tls, ctx, &ssl));
	ck_assert_int_eq(EVP_PKEY_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(ssl))),
			 EVP_PKEY_RSA);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	tls_free(tls);
	tls_free(NULL);
	pair_remove(&old);
	pair_remove(&new);
	buf_fini(&why);
}
END_TEST

UNIT_MAIN("tls", test_protocol_is_modern, test_alpn_never_fails, test_bad_pairs_are_explained,
	  test_reload_takes_the_new_or_keeps_the_old)
