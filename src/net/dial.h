/**
 * One question to a server of this machine, and its whole answer: for commands, which
 * may wait. Plain, or TLS with a certificate that we know.
 */
#ifndef PARAVENT_NET_DIAL_H
#define PARAVENT_NET_DIAL_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/buf.h"

/* How long each step may take: connecting, sending, the next bytes of the answer. A
 * server that waits ten seconds for something else has its say. */
#define DIAL_PATIENCE_S 15

/**
 * certificate: the file (PEM) that the server has; its first certificate must be the
 *              one that the server shows, byte for byte, or nothing is sent. Whoever
 *              issued it and whatever name is in it does not matter then. NULL: plain.
 * max:         an answer over so many bytes is ERR_TOO_BIG.
 * answer:      gets all until the server closes; on failure perhaps a part.
 * why:         on failure gets one sentence.
 *
 * Returns 0, ERR_UNAVAILABLE when nobody listens there, ERR_NOT_FOUND or ERR_MALFORMED
 * (the certificate's file), ERR_CONFLICT when the server speaks no TLS or shows another
 * certificate, ERR_TOO_BIG or ERR_IO.
 */
int dial_ask(struct buf *answer, const struct sockaddr *sa, socklen_t sa_len,
	     const char *certificate, const struct buf *question, size_t max,
	     struct buf *why);

#endif
