#include "app/pages.h"

#include <string.h>

#include "app/answer.h"
#include "app/assets.h"
#include "base/buf.h"

/* No foreign host, no inline script. Who may frame the page follows, and ends it. */
#define POLICY                                                                \
	"default-src 'none'; script-src 'self'; style-src 'self'; "           \
	"img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; "  \
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; "          \
	"require-trusted-types-for 'script'; frame-ancestors"

/* The page may use camera and microphone and nothing else of the device. */
#define COMMON_HEADERS                                                        \
	"Content-Security-Policy: " POLICY " 'none'\r\n"                      \
	"Permissions-Policy: camera=(self), microphone=(self), "              \
	"display-capture=(self), fullscreen=(self), autoplay=(self), "        \
	"screen-wake-lock=(self), picture-in-picture=(self), "                \
	"geolocation=(), payment=(), usb=(), serial=(), hid=()\r\n"           \
	"Referrer-Policy: no-referrer\r\n"                                    \
	"X-Content-Type-Options: nosniff\r\n"                                 \
	"X-Frame-Options: DENY\r\n"                                           \
	"Cross-Origin-Opener-Policy: same-origin\r\n"                         \
	"Cross-Origin-Resource-Policy: same-origin\r\n"

const char *pages_common_headers(bool https)
{
	return https ? COMMON_HEADERS
		       "Strict-Transport-Security: max-age=31536000\r\n"
		     : COMMON_HEADERS;
}

/* X-Frame-Options knows no list of sites, so it goes. The policy's other half stays. */
static void let_frame(const struct conf *conf, struct http_request *rq)
{
	struct buf policy = BUF_INIT;
	size_t i;

	if (!conf->embed_origin.count)
		return;
	buf_puts(&policy, POLICY);
	for (i = 0; i < conf->embed_origin.count; i++)
		buf_printf(&policy, " %s", conf->embed_origin.item[i]);
	http_add_header(rq, "Content-Security-Policy", policy.p);
	http_drop_header(rq, "X-Frame-Options");
	buf_fini(&policy);
}

void pages_serve(const struct conf *conf, struct http_request *rq)
{
	const char *path = rq->head.path;
	const bool root = strcmp(path, "/") == 0;
	const bool visit = strncmp(path, "/join/", 6) == 0;

	if (strcmp(path, "/staff") == 0 || (root && conf->access == CONF_ACCESS_STAFF)) {
		/* a server that was built without the web client has one plain page */
		if (assets_serve(rq, "/staff.html"))
			return;
	}
	if (visit)
		let_frame(conf, rq);
	/* the page reads from its address which meeting it is for */
	if (root || visit)
		path = "/index.html";
	if (!assets_serve(rq, path))
		reply_status(rq, 404);
}
