#include "net/tls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/mem.h"

struct tls {
	SSL_CTX *ctx;
};

/* A key with a passphrase fails to load; nobody is there to be asked for it. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			   const unsigned char *offer, unsigned offer_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1\x09stun.turn";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offer,
				  offer_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int readable(const char *what, const char *path, struct buf *why)
{
	if (access(path, R_OK) == 0)
		return 0;
	if (errno == EACCES) {
		buf_printf(why, "%s %s may not be read by this user", what, path);
		return ERR_FORBIDDEN;
	}
	buf_printf(why, "%s %s: %s", what, path, strerror(errno));
	return ERR_NOT_FOUND;
}

static bool too_weak(unsigned long code)
{
	return ERR_GET_LIB(code) == ERR_LIB_SSL &&
	       (ERR_GET_REASON(code) == SSL_R_EE_KEY_TOO_SMALL ||
		ERR_GET_REASON(code) == SSL_R_CA_KEY_TOO_SMALL ||
		ERR_GET_REASON(code) == SSL_R_CA_MD_TOO_WEAK);
}

static int load_pair(SSL_CTX *ctx, const char *certificate, const char *key,
		     struct buf *why)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) {
		if (too_weak(ERR_peek_error()))
			buf_printf(why, "certificate %s is too weak: RSA needs 2048 bits "
				   "and SHA-256, or use ECDSA P-256", certificate);
		else
			buf_printf(why, "certificate %s is not a chain of certificates in "
				   "PEM", certificate);
		return ERR_MALFORMED;
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
			buf_printf(why, "key %s does not belong to certificate %s", key,
				   certificate);
		else
			buf_printf(why, "key %s is not a private key in PEM without a "
				   "passphrase", key);
		return ERR_MALFORMED;
	}
	if (SSL_CTX_check_private_key(ctx) != 1) {
		buf_printf(why, "key %s does not belong to certificate %s", key, certificate);
		return ERR_MALFORMED;
	}
	return 0;
}

static int load(SSL_CTX **out, const char *certificate, const char *key, struct buf *why)
{
	SSL_CTX *ctx = NULL;
	int err;

	err = readable("certificate", certificate, why);
	if (!err)
		err = readable("key", key, why);
	if (err)
		return err;
	ERR_clear_error();
	ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx)
		abort();	/* out of memory */
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
			    SSL_OP_CIPHER_SERVER_PREFERENCE |
			    /* our protocols know their lengths themselves */
			    SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
			 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);		/* one recv() a record instead of two */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);	/* tickets do */
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	if (SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
	    SSL_CTX_set1_groups_list(ctx, "X25519:P-256") != 1) {
		buf_puts(why, "this OpenSSL has none of the ciphers we allow");
		err = ERR_UNAVAILABLE;
	}
	if (!err)
		err = load_pair(ctx, certificate, key, why);
	ERR_clear_error();
	if (err) {
		SSL_CTX_free(ctx);
		return err;
	}
	*out = ctx;
	return 0;
}

int tls_new(struct tls **out, const char *certificate, const char *key, struct buf *why)
{
	SSL_CTX *ctx;
	int err = load(&ctx, certificate, key, why);

	if (err)
		return err;
	*out = mem_new(sizeof(**out));
	(*out)->ctx = ctx;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

int tls_reload(struct tls *t, const char *certificate, const char *key, struct buf *why)
{
	SSL_CTX *ctx;
	int err = load(&ctx, certificate, key, why);

	if (err)
		return err;
	SSL_CTX_free(t->ctx);
	t->ctx = ctx;
	return 0;
}

bool tls_is_for(const struct tls *t, const char *host, size_t len)
{
	X509 *certificate = SSL_CTX_get0_certificate(t->ctx);
	char text[256];

	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return X509_check_ip_asc(certificate, text, 0) == 1 ||
	       X509_check_host(certificate, text, len, 0, NULL) == 1;
}

int64_t tls_ends_at(const struct tls *t)
{
	struct tm tm;

	/* what OpenSSL could read as a certificate has a time that it can read */
	if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(t->ctx)), &tm) != 1)
		return 0;
	return timegm(&tm);
}

int tls_days_left(const struct tls *t, int64_t wall_ms)
{
	int64_t seconds = tls_ends_at(t) - wall_ms / 1000;

	return seconds < 0 ? -1 : (int)(seconds / 86400);
}

SSL *tls_accept(struct tls *t)
{
	SSL *ssl = SSL_new(t->ctx);

	if (!ssl)
		abort();	/* out of memory */
	SSL_set_accept_state(ssl);
	return ssl;
}
