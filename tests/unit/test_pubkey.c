#include "net/pubkey.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/buf.h"
#include "unit.h"

/* Takes the key; the PEM of its public, or private, half. */
static struct buf pem_of(EVP_PKEY *pkey, int is_private)
{
	struct buf b = BUF_INIT;
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (is_private)
		PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
	else
		PEM_write_bio_PUBKEY(bio, pkey);
	len = BIO_get_mem_data(bio, &data);
	buf_put(&b, data, (size_t)len);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	return b;
}

static const char *check(EVP_PKEY *pkey, enum pubkey_kind kind)
{
	struct buf b = pem_of(pkey, 0);
	const char *sentence = pubkey_check(b.p, b.len, kind);

	buf_fini(&b);
	return sentence;
}

START_TEST(test_a_key_is_of_its_kind)
{
	/* the shared rule: RSA of 2048 bits or more, EC on P-256 */
	ck_assert_ptr_null(check(EVP_RSA_gen(2048), PUBKEY_RSA));
	ck_assert_ptr_null(check(EVP_EC_gen("P-256"), PUBKEY_P256));
	ck_assert_ptr_nonnull(strstr(check(EVP_RSA_gen(1024), PUBKEY_RSA), "2048"));
	ck_assert_ptr_nonnull(strstr(check(EVP_EC_gen("P-256"), PUBKEY_RSA), "RSA"));
	ck_assert_ptr_nonnull(strstr(check(EVP_EC_gen("P-384"), PUBKEY_P256), "P-256"));
	ck_assert_ptr_nonnull(strstr(check(EVP_EC_gen("secp256k1"), PUBKEY_P256), "P-256"));
	ck_assert_ptr_nonnull(strstr(check(EVP_RSA_gen(2048), PUBKEY_P256), "P-256"));
	ck_assert_ptr_nonnull(check(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), PUBKEY_P256));
}
END_TEST

START_TEST(test_what_is_no_public_key_is_told)
{
	/* pubkey.h: one public key in PEM and nothing else, and what to do */
	struct buf one = pem_of(EVP_EC_gen("P-256"), 0), b = BUF_INIT;
	struct buf secret = pem_of(EVP_EC_gen("P-256"), 1);

	ck_assert_ptr_nonnull(pubkey_check("", 0, PUBKEY_P256));
	ck_assert_ptr_nonnull(pubkey_check("x", 1, PUBKEY_P256));
	ck_assert_ptr_nonnull(pubkey_check(one.p, one.len / 2, PUBKEY_P256));
	ck_assert_ptr_nonnull(strstr(pubkey_check(secret.p, secret.len, PUBKEY_P256),
				     "private key"));
	buf_put(&b, one.p, one.len);
	buf_put(&b, secret.p, secret.len);
	ck_assert_ptr_nonnull(strstr(pubkey_check(b.p, b.len, PUBKEY_P256),
				     "private key"));
	buf_reset(&b);
	buf_put(&b, one.p, one.len);
	buf_put(&b, one.p, one.len);
	ck_assert_ptr_nonnull(strstr(pubkey_check(b.p, b.len, PUBKEY_P256), "not one"));
	buf_reset(&b);
	buf_puts(&b, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	ck_assert_ptr_nonnull(strstr(pubkey_check(b.p, b.len, PUBKEY_P256), "x509"));
	buf_fini(&one);
	buf_fini(&secret);
	buf_fini(&b);
}
END_TEST

UNIT_MAIN("pubkey", test_a_key_is_of_its_kind, test_what_is_no_public_key_is_told)
