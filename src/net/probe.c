#include "net/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/rnd.h"
#include "proto/stun.h"

#define AGAIN_MS 1000

int probe_find(struct probe_address out[PROBE_ADDRESSES_MAX], const char *host, size_t len,
	       uint16_t port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	char name[256];
	struct addrinfo *found, *it;
	int n = 0;

	if (len >= sizeof(name))
		return ERR_NOT_FOUND;
	memcpy(name, host, len);
	name[len] = '\0';
	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return ERR_NOT_FOUND;
	for (it = found; it && n < PROBE_ADDRESSES_MAX; it = it->ai_next) {
		struct probe_address *a = &out[n++];

		memcpy(&a->sa, it->ai_addr, it->ai_addrlen);
		a->len = it->ai_addrlen;
		/* both families have the port in the same place */
		((struct sockaddr_in *)&a->sa)->sin_port = htons(port);
	}
	freeaddrinfo(found);
	return n;
}

static bool ready(int fd, short what, int ms)
{
	struct pollfd p = {.fd = fd, .events = what};

	return poll(&p, 1, ms) == 1;
}

/* Gives a connected socket, or ERR_UNAVAILABLE. */
static int open_to(const struct probe_address *at, int type)
{
	int fd = socket(at->sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err = 0;
	socklen_t len = sizeof(err);

	if (fd < 0)
		return ERR_UNAVAILABLE;
	if (connect(fd, (const struct sockaddr *)&at->sa, at->len) == 0)
		return fd;
	if (errno == EINPROGRESS && ready(fd, POLLOUT, PROBE_PATIENCE_S * 1000) &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && !err)
		return fd;
	close(fd);
	return ERR_UNAVAILABLE;
}

int probe_tcp(const struct probe_address *at)
{
	int fd = open_to(at, SOCK_STREAM);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static bool is_answer(const uint8_t *p, ssize_t len, const uint8_t *tid)
{
	struct stun_msg msg;

	return len > 0 && stun_decode(&msg, p, (size_t)len) == 0 &&
	       msg.class == STUN_SUCCESS && msg.method == STUN_BINDING &&
	       memcmp(msg.tid, tid, STUN_TID_SIZE) == 0;
}

int probe_stun(const struct probe_address *at, bool tcp)
{
	uint64_t end = clock_mono_ms() + PROBE_PATIENCE_S * 1000;
	uint8_t tid[STUN_TID_SIZE], question[64], answer[256];
	int fd = open_to(at, tcp ? SOCK_STREAM : SOCK_DGRAM), err = ERR_UNAVAILABLE;
	struct stun_out o;
	size_t len;

	if (fd < 0)
		return fd;
	rnd_bytes(tid, sizeof(tid));
	o = stun_begin(question, sizeof(question), STUN_REQUEST, STUN_BINDING, tid);
	len = (size_t)stun_end(&o);
	/* a datagram may be lost; a stream takes care of itself */
	for (bool first = true; err && clock_mono_ms() < end; first = false) {
		if ((first || !tcp) && send(fd, question, len, MSG_NOSIGNAL) < 0)
			break;
		/* so short an answer comes in one piece by TCP, too */
		if (ready(fd, POLLIN, AGAIN_MS)) {
			ssize_t n = recv(fd, answer, sizeof(answer), 0);

			if (is_answer(answer, n, tid))
				err = 0;
			else if (n <= 0)
				break;
		}
	}
	close(fd);
	return err;
}

static int read_certificate(X509 **out, const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return ERR_NOT_FOUND;
	*out = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	return *out ? 0 : ERR_MALFORMED;
}

/* Gives the certificate that the other end shows, or NULL. */
static X509 *shown_at(int fd)
{
	static const struct timeval patience = {.tv_sec = PROBE_PATIENCE_S};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	X509 *shown = NULL;

	if (!ssl)
		abort();	/* out of memory */
	/* a connection is there; from here on it may wait, but not for ever */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	/* OpenSSL writes with write(2) */
	signal(SIGPIPE, SIG_IGN);
	/* no issuer is asked: it is compared with the one we have */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) == 1)
		shown = SSL_get1_peer_certificate(ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return shown;
}

int probe_tls(const struct probe_address *at, const char *certificate)
{
	X509 *known = NULL, *shown = NULL;
	int err = read_certificate(&known, certificate), fd = -1;

	if (!err) {
		fd = open_to(at, SOCK_STREAM);
		err = fd < 0 ? fd : 0;
	}
	if (!err) {
		shown = shown_at(fd);
		close(fd);
		if (!shown || X509_cmp(shown, known) != 0)
			err = ERR_CONFLICT;
	}
	X509_free(known);
	X509_free(shown);
	return err;
}
