/**
 * The server's certificate and how it speaks TLS: 1.2 and 1.3, forward secret and AEAD
 * only, X25519 and P-256, tickets on, early data and renegotiation off. ALPN picks
 * "http/1.1" or "stun.turn" where a client offers it and never fails without (RFC 7443).
 */
#ifndef PARAVENT_NET_TLS_H
#define PARAVENT_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/buf.h"

struct tls;

/**
 * Loads a certificate chain and its key, both PEM.
 *
 * why: on failure gets one sentence that names the file and what is wrong with it.
 *
 * Returns 0, ERR_NOT_FOUND (no such file), ERR_FORBIDDEN (may not be read) or
 * ERR_MALFORMED (not PEM, not a pair, too weak).
 */
int tls_new(struct tls **out, const char *certificate, const char *key, struct buf *why);

/* Connections that have begun keep what they need. Accepts NULL. */
void tls_free(struct tls *t);

/* The same files or others, for connections from now on; on failure nothing changes. */
int tls_reload(struct tls *t, const char *certificate, const char *key, struct buf *why);

/* Whether the certificate is for this host: a name, or an address without brackets. */
bool tls_is_for(const struct tls *t, const char *host, size_t len);

/* When the certificate ends: seconds since 1970. */
int64_t tls_ends_at(const struct tls *t);

/* Whole days until the certificate ends; negative when it has ended. */
int tls_days_left(const struct tls *t, int64_t wall_ms);

/* Gives the server side of a new connection; SSL_free() it. */
SSL *tls_accept(struct tls *t);

#endif
