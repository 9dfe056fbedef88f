/**
 * One TCP or TLS connection, never blocking.
 *
 * What arrives is shown to the owner, who says how much of it he took; the rest is
 * kept and shown again with what comes next. What the owner writes leaves at once where
 * it can and waits otherwise. A connection at rest holds no buffer.
 *
 * An owner may do anything to the stream in its callbacks, stream_free() included.
 * Errors of writing come as on_closed from the loop, never from within the write.
 */
#ifndef PARAVENT_NET_STREAM_H
#define PARAVENT_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/list.h"
#include "net/loop.h"
#include "net/tls.h"

struct stream;

struct stream_events {
	/**
	 * `len` bytes (at least one) are there; returns how many were taken. Those not
	 * taken come again, at once when the owner changed meanwhile, else with more.
	 */
	size_t (*on_read)(void *arg, const char *data, size_t len);

	/**
	 * The peer has finished sending while the owner holds: it may be gone for good
	 * or wait for the answer, and only writing to it tells which. May be NULL: then
	 * the stream closes, on_closed with ERR_CLOSED. Who stays sees to it that the
	 * wait has an end, and resumes or closes.
	 */
	void (*on_half_closed)(void *arg);

	/* All that waited has been sent. May be NULL. */
	void (*on_drained)(void *arg);

	/**
	 * The deadline passed. May be NULL: then the stream closes, on_closed with
	 * ERR_AGAIN.
	 */
	void (*on_deadline)(void *arg);

	/**
	 * The connection is gone, not by the owner's doing: ERR_CLOSED (the peer closed
	 * or reset), ERR_TOO_BIG (more unread input than the limit), ERR_AGAIN
	 * (deadline), ERR_IO. The stream is freed behind this call; never called after
	 * stream_close() or stream_free().
	 */
	void (*on_closed)(void *arg, int err);
};

/**
 * Takes an accepted socket. With `tls` (may be NULL; must outlive the handshake) a
 * first byte of 0x16 begins TLS; everything else is plain, so one port serves both.
 *
 * events: borrowed for the stream's life (a static table).
 * limit:  how many bytes may be kept that the owner did not take.
 *
 * Gives the stream.
 */
struct stream *stream_new(struct loop *l, int fd, const struct sockaddr *peer,
			  struct tls *tls, const struct stream_events *events, void *arg,
			  size_t limit);

/* Closes now, whatever waits; no more callbacks. Accepts NULL. */
void stream_free(struct stream *s);

/**
 * Sends what waits, then says goodbye (close_notify, FIN) and goes; 5 s for the first,
 * 2 s for the peer to answer the second. The owner hears nothing more.
 */
void stream_close(struct stream *s);

/* Passes the stream on, in a callback or outside; the new owner is shown what is kept. */
void stream_set_owner(struct stream *s, const struct stream_events *events, void *arg,
		      size_t limit);

/**
 * Called once when the connection is gone for good, whoever owned it; for whoever
 * counts connections.
 */
typedef void stream_gone_fn(void *arg, const struct sockaddr *peer);
void stream_on_gone(struct stream *s, stream_gone_fn *fn, void *arg);

/* A connection in its parts, to be served by something else in another thread. */
struct stream_parts {
	int fd;
	SSL *ssl;			/* NULL: plain; may hold more that has arrived */
	struct buf in;			/* arrived, not taken */
	struct sockaddr_storage peer;
	stream_gone_fn *gone;		/* for whoever ends it to call, in this thread; */
	void *gone_arg;			/* may be NULL */
};
typedef void stream_parts_fn(void *arg, struct stream_parts *parts);

/**
 * Takes the stream apart once we have left its callbacks (at once when we are not in
 * one): fn gets everything, and the stream is freed. Nothing may wait to be sent. The
 * owner is told nothing more; a connection that ends meanwhile is freed without fn.
 */
void stream_release(struct stream *s, stream_parts_fn *fn, void *arg);

/**
 * The owner is busy: nothing is shown until stream_resume(), input is kept up to the
 * limit and then left in the kernel. The end of the connection is still noticed, as far
 * as on_half_closed says.
 */
void stream_hold(struct stream *s);
void stream_resume(struct stream *s);

/**
 * Sends or queues a copy; several parts leave as one packet where they can. The queue
 * has no limit of its own: an owner looks at stream_pending() before.
 */
void stream_write(struct stream *s, const void *p, size_t len);
void stream_writev(struct stream *s, const struct iovec *part, int parts);

/* The same, but the last part is not copied: it is borrowed for the stream's life. */
void stream_writev_static(struct stream *s, const struct iovec *part, int parts);

/* Bytes that were written and have not been sent yet. */
size_t stream_pending(const struct stream *s);

/* When bytes of the queue were last taken by the peer's side; now when nothing waits. */
uint64_t stream_progress_ms(const struct stream *s);

/* Calls on_deadline (or closes) at mono_ms; 0: never. One per stream. */
void stream_deadline(struct stream *s, uint64_t mono_ms);

const struct sockaddr *stream_peer(const struct stream *s);
bool stream_is_tls(const struct stream *s);

#endif
