/**
 * A listening Unix stream socket for the one who runs us and for root: nobody else gets
 * as far as a first byte.
 */
#ifndef PARAVENT_NET_UNIXLISTEN_H
#define PARAVENT_NET_UNIXLISTEN_H

#include "base/buf.h"
#include "net/loop.h"
#include "net/stream.h"

#define UNIXLISTEN_CONNECTIONS_MAX 32

/* Takes a stream (stream_set_owner() it, or free it). */
typedef void unixlisten_stream_fn(void *arg, struct stream *s);

struct unixlisten;

/**
 * Listens at `path` (0600). A socket that lies there already is taken for one that a
 * crash has left and removed: the caller has made sure that its owner does not live.
 *
 * why: on failure gets one sentence.
 *
 * Returns 0, ERR_TOO_BIG (the path), ERR_CONFLICT (what lies there is no socket),
 * ERR_FORBIDDEN, ERR_NOT_FOUND (the folder) or ERR_IO.
 */
int unixlisten_new(struct unixlisten **out, struct loop *l, const char *path,
		   unixlisten_stream_fn *on_stream, void *arg, struct buf *why);

/* Stops listening and removes the socket; connections that have an owner stay. Accepts
 * NULL. */
void unixlisten_free(struct unixlisten *u);

#endif
