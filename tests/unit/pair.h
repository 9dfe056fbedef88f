/**
 * Certificates made on the spot, for tests of TLS.
 */
#ifndef PARAVENT_TESTS_PAIR_H
#define PARAVENT_TESTS_PAIR_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* A folder with cert.pem and key.pem. */
struct pair {
	char folder[64], certificate[80], key[80];
};

/* bits: 0 for ECDSA P-256, else RSA. passphrase: of the key file, NULL for none. */
static inline void pair_make(struct pair *p, unsigned bits, int days,
			     const char *passphrase)
{
	EVP_PKEY *key = bits ? EVP_RSA_gen(bits) : EVP_EC_gen("P-256");
	X509 *x = X509_new();
	FILE *f;

	strcpy(p->folder, "/tmp/paravent-pair-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p->folder));
	snprintf(p->certificate, sizeof(p->certificate), "%s/cert.pem", p->folder);
	snprintf(p->key, sizeof(p->key), "%s/key.pem", p->folder);

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), days * 86400L + 600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ck_assert_int_ne(X509_sign(x, key, EVP_sha256()), 0);

	f = fopen(p->certificate, "w");
	ck_assert_int_eq(PEM_write_X509(f, x), 1);
	fclose(f);
	f = fopen(p->key, "w");
	ck_assert_int_eq(PEM_write_PrivateKey(f, key, passphrase ? EVP_aes_128_cbc() : NULL,
					      NULL, 0, NULL, (void *)passphrase), 1);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

static inline void pair_remove(struct pair *p)
{
	unlink(p->certificate);
	unlink(p->key);
	rmdir(p->folder);
}

#endif
