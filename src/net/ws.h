/**
 * WebSocket, server side (RFC 6455): text messages in both directions, pings, and an
 * end that is told exactly once.
 *
 * Frames are read by wslay; what is its business is closed with 1002 or 1007. Binary
 * messages are 1008, messages over the limit 1009. A connection at rest holds nothing
 * but its own record.
 */
#ifndef PARAVENT_NET_WS_H
#define PARAVENT_NET_WS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/httpconn.h"
#include "net/loop.h"

#define WS_DONE 1000
#define WS_GOING_AWAY 1001
#define WS_PROTOCOL 1002
#define WS_NO_CODE 1005		/* the peer's close frame had none; never sent */
#define WS_LOST 1006		/* the connection broke; never sent */
#define WS_NOT_UTF8 1007
#define WS_POLICY 1008
#define WS_TOO_BIG 1009
#define WS_OUR_FAULT 1011
#define WS_SILENT 4408		/* no sign of life in time */

struct ws_hub;
struct ws;

struct ws_limits {
	size_t message_max;	/* bytes of one message; more is 1009 */
	unsigned fragments_max;	/* of one message; more is 1008 */
	unsigned control_rate;	/* control frames a second; more is 1008 */
	unsigned ping_ms;	/* how often we ask whether the peer lives */
	unsigned silent_ms;	/* without any byte this long: 4408 */
	size_t pending_max;	/* bytes that may wait for a slow reader */
	unsigned stuck_ms;	/* how long a reader may take nothing */
	unsigned close_ms;	/* for the closing handshake */
};

#define WS_LIMITS_DEFAULT                                                     \
	{64 * 1024, 16, 10, 20000, 60000, 1024 * 1024, 10000, 5000}

struct ws_events {
	/**
	 * One whole text message, valid UTF-8, NUL-terminated; borrowed. Never after
	 * ws_close().
	 */
	void (*on_message)(void *arg, const char *text, size_t len);

	/**
	 * It is over: exactly once for each ws, whoever ended it. `code`: the peer's,
	 * ours where we closed first, or WS_LOST. The ws is freed behind this call.
	 */
	void (*on_closed)(void *arg, int code);
};

/* limits: copied; NULL for the defaults. */
struct ws_hub *ws_hub_new(struct loop *l, const struct ws_limits *limits);

/* Drops what is open, with on_closed(WS_LOST) each. Accepts NULL. */
void ws_hub_free(struct ws_hub *hub);

size_t ws_hub_count(const struct ws_hub *hub);

/* ws_close() for all: before a restart. */
void ws_hub_close_all(struct ws_hub *hub, int code, const char *reason);

/**
 * Makes a request that is a sound handshake (`accept` is the answer of
 * http_websocket_accept()) into a WebSocket; the request is gone afterwards.
 * Messages that came along arrive from the loop, never from within this call.
 *
 * protocol: the subprotocol chosen, NULL for none.
 * events:   borrowed for the ws's life (a static table).
 */
struct ws *ws_accept(struct ws_hub *hub, struct http_request *rq, const char *accept,
		     const char *protocol, const struct ws_events *events, void *arg);

/**
 * Sends one text message (UTF-8, which is not checked). Never blocks and never calls
 * back; a reader too slow is closed from the loop.
 *
 * Returns 0, or ERR_CLOSED when the ws is closing: then nothing was sent.
 */
int ws_send_text(struct ws *ws, const char *text, size_t len);

/**
 * Begins the closing handshake; on_closed follows, from the loop, within close_ms.
 * A second call changes nothing. reason: up to 123 bytes go along.
 */
void ws_close(struct ws *ws, int code, const char *reason);

/* Bytes that wait for this reader. */
size_t ws_pending(const struct ws *ws);

#endif
