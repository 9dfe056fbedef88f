/**
 * The web client inside the binary: each file of the built page with its compressed
 * forms, as the build laid them down (see embed-assets.sh).
 */
#ifndef PARAVENT_APP_ASSETS_H
#define PARAVENT_APP_ASSETS_H

#include <stddef.h>

#include "net/httpconn.h"

struct asset {
	const char *path;		/* "/assets/app-1a2b3c4d.js" */
	const char *type;		/* Content-Type */
	const char *etag;		/* weak: the forms are one content */
	const unsigned char *plain, *plain_end;
	const unsigned char *gzip, *gzip_end;	/* equal: there is none */
	const unsigned char *brotli, *brotli_end;
};

extern const struct asset assets[];
extern const size_t asset_count;

/**
 * Answers GET and HEAD for `path`; false when there is no such file. A file whose name
 * carries its hash may be kept for ever, the page itself is asked for each time.
 */
bool assets_serve(struct http_request *rq, const char *path);

#endif
