#include "net/dial.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/err.h"

struct dial {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;		/* NULL: plain */
};

static void hang_up(struct dial *d)
{
	SSL_free(d->ssl);
	SSL_CTX_free(d->ctx);
	ERR_clear_error();
	if (d->fd >= 0)
		close(d->fd);
}

static int connect_to(struct dial *d, const struct sockaddr *sa, socklen_t sa_len,
		      struct buf *why)
{
	static const struct timeval patience = {.tv_sec = DIAL_PATIENCE_S};

	d->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->fd >= 0) {
		setsockopt(d->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(d->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(d->fd, sa, sa_len) == 0)
			return 0;
	}
	buf_printf(why, "no server answers: %s", strerror(errno));
	return ERR_UNAVAILABLE;
}

/* Gives the first certificate of a PEM file. */
static int read_certificate(X509 **out, const char *path, struct buf *why)
{
	FILE *f = fopen(path, "r");

	if (!f) {
		buf_printf(why, "certificate %s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	*out = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	if (*out)
		return 0;
	buf_printf(why, "certificate %s is not a certificate in PEM", path);
	return ERR_MALFORMED;
}

static int shake_hands(struct dial *d, struct buf *why)
{
	/* OpenSSL writes with write(2) */
	signal(SIGPIPE, SIG_IGN);
	d->ctx = SSL_CTX_new(TLS_client_method());
	if (!d->ctx)
		abort();	/* out of memory */
	SSL_CTX_set_min_proto_version(d->ctx, TLS1_2_VERSION);
	/* HTTP knows its lengths itself */
	SSL_CTX_set_options(d->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* no issuer is asked: the certificate is compared with the one we have */
	SSL_CTX_set_verify(d->ctx, SSL_VERIFY_NONE, NULL);
	d->ssl = SSL_new(d->ctx);
	if (!d->ssl)
		abort();	/* out of memory */
	SSL_set_fd(d->ssl, d->fd);
	if (SSL_connect(d->ssl) == 1)
		return 0;
	buf_puts(why, "the server speaks no TLS, though its configuration says so; is it "
		      "to be started again?");
	return ERR_CONFLICT;
}

static int check_certificate(const struct dial *d, const char *path, struct buf *why)
{
	X509 *shown = SSL_get1_peer_certificate(d->ssl), *known = NULL;
	int err = read_certificate(&known, path, why);

	if (!err && (!shown || X509_cmp(shown, known) != 0)) {
		buf_printf(why, "the server shows another certificate than %s; if that is "
			   "a new one, send the server SIGHUP", path);
		err = ERR_CONFLICT;
	}
	X509_free(known);
	X509_free(shown);
	return err;
}

static int send_all(struct dial *d, const char *p, size_t len)
{
	while (len) {
		ssize_t n = d->ssl ? SSL_write(d->ssl, p, (int)len)
				   : send(d->fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return ERR_IO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int receive_all(struct dial *d, struct buf *answer, size_t max)
{
	char part[4096];

	for (;;) {
		ssize_t n = d->ssl ? SSL_read(d->ssl, part, sizeof(part))
				   : recv(d->fd, part, sizeof(part), 0);

		if (n <= 0) {
			bool over = d->ssl ? SSL_get_error(d->ssl, (int)n) ==
						     SSL_ERROR_ZERO_RETURN
					   : n == 0;

			return over ? 0 : ERR_IO;
		}
		if (answer->len + (size_t)n > max)
			return ERR_TOO_BIG;
		buf_put(answer, part, (size_t)n);
	}
}

int dial_ask(struct buf *answer, const struct sockaddr *sa, socklen_t sa_len,
	     const char *certificate, const struct buf *question, size_t max,
	     struct buf *why)
{
	struct dial d = {.fd = -1};
	int err = connect_to(&d, sa, sa_len, why);

	if (!err && certificate)
		err = shake_hands(&d, why);
	if (!err && certificate)
		err = check_certificate(&d, certificate, why);
	if (!err) {
		err = send_all(&d, question->p, question->len);
		if (!err)
			err = receive_all(&d, answer, max);
		if (err)
			buf_printf(why, "the answer did not come whole: %s", err_text(err));
	}
	hang_up(&d);
	return err;
}
