/**
 * One question to a server of this machine, and its whole answer: for commands, which
 * may wait.
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
 * max:    an answer over so many bytes is ERR_TOO_BIG.
 * answer: gets all until the server closes; on failure perhaps a part.
 * why:    on failure gets one sentence.
 *
 * Returns 0, ERR_UNAVAILABLE when nobody listens there, ERR_TOO_BIG or ERR_IO.
 */
int dial_ask(struct buf *answer, const struct sockaddr *sa, socklen_t sa_len,
	     const struct buf *question, size_t max, struct buf *why);

#endif
