#include "app/assets.h"

#include <string.h>

static const struct asset *find(const char *path)
{
	size_t i;

	for (i = 0; i < asset_count; i++) {
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	}
	return NULL;
}

bool assets_serve(struct http_request *rq, const char *path)
{
	const struct asset *a = find(path);
	const unsigned char *body, *end;
	unsigned have = 0;

	if (!a)
		return false;
	http_add_header(rq, "ETag", a->etag);
	http_add_header(rq, "Vary", "Accept-Encoding");
	/* names below /assets/ carry the hash of what they hold */
	http_add_header(rq, "Cache-Control",
			strncmp(path, "/assets/", 8) == 0 ?
				"public, max-age=31536000, immutable" : "no-cache");
	if (http_none_match(rq->head.field[HTTP_IF_NONE_MATCH], a->etag)) {
		http_reply(rq, 304, NULL, NULL, 0);
		return true;
	}
	if (a->gzip_end > a->gzip)
		have |= 1u << HTTP_GZIP;
	if (a->brotli_end > a->brotli)
		have |= 1u << HTTP_BR;
	body = a->plain;
	end = a->plain_end;
	switch (http_accept_coding(rq->head.field[HTTP_ACCEPT_ENCODING], have)) {
	case HTTP_BR:
		body = a->brotli;
		end = a->brotli_end;
		http_add_header(rq, "Content-Encoding", "br");
		break;
	case HTTP_GZIP:
		body = a->gzip;
		end = a->gzip_end;
		http_add_header(rq, "Content-Encoding", "gzip");
		break;
	case HTTP_IDENTITY:
	default:
		break;
	}
	http_reply_static(rq, 200, a->type, body, (size_t)(end - body));
	return true;
}
