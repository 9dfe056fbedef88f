#include "net/pubkey.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define RSA_BITS_MIN 2048

static bool is_p256(const EVP_PKEY *pkey)
{
	char name[32] = "";

	return EVP_PKEY_is_a(pkey, "EC") &&
	       EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) == 1 &&
	       strcmp(name, "prime256v1") == 0;
}

static const char *judge(const EVP_PKEY *pkey, enum pubkey_kind kind)
{
	if (kind == PUBKEY_P256)
		return is_p256(pkey) ? NULL : "is no key on the curve P-256, which ES256 "
					      "needs";
	if (!EVP_PKEY_is_a(pkey, "RSA"))
		return "is no RSA key, which RS256 needs";
	return EVP_PKEY_get_bits(pkey) < RSA_BITS_MIN
		       ? "is too weak; RSA needs 2048 bits"
		       : NULL;
}

_Static_assert(RSA_BITS_MIN == 2048, "the sentence above says 2048");

const char *pubkey_check(const char *pem, size_t len, enum pubkey_kind kind)
{
	static const char begin[] = "-----BEGIN ", private[] = "PRIVATE KEY-----";
	const char *first = memmem(pem, len, begin, strlen(begin)), *sentence;
	EVP_PKEY *pkey;
	BIO *bio;

	if (memmem(pem, len, private, strlen(private)))
		return "holds a private key, which belongs to the issuer alone; take it "
		       "away and put there what openssl pkey -in key.pem -pubout makes";
	/* readers differ in which of several keys they take */
	if (!first || len > INT_MAX ||
	    memmem(first + 1, len - (size_t)(first + 1 - pem), begin, strlen(begin)))
		return "is not one public key in PEM; make it with: "
		       "openssl pkey -in key.pem -pubout";
	bio = BIO_new_mem_buf(pem, (int)len);
	pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	sentence = pkey ? judge(pkey, kind)
			: "is no public key in PEM; make it with: openssl pkey -in "
			  "key.pem -pubout, or from a certificate: openssl x509 -pubkey "
			  "-noout";
	EVP_PKEY_free(pkey);
	return sentence;
}
