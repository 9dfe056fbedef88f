#include "proto/problem.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"

/* X(error, status, code, title, detail) */
#define PROBLEMS(X)                                                           \
	X(ERR_MALFORMED, 400, "malformed", "Malformed request",               \
	  "The request could not be read; check that its body is valid JSON.") \
	X(ERR_TRUNCATED, 400, "malformed", "Malformed request",               \
	  "The request ended too early.")                                     \
	X(ERR_DUPLICATE, 400, "malformed", "Malformed request",               \
	  "Something was given twice.")                                       \
	X(ERR_RANGE, 422, "invalid", "Not acceptable values",                 \
	  "Some members are unknown or have values that are not allowed.")    \
	X(ERR_TOO_BIG, 413, "too-big", "Too big",                             \
	  "The request is larger than this server takes.")                    \
	X(ERR_UNAUTHORIZED, 401, "unauthorized", "Sign in first",             \
	  "Sign in, or send a valid token.")                                  \
	X(ERR_FORBIDDEN, 403, "forbidden", "Not allowed",                     \
	  "You are not allowed to do this.")                                  \
	X(ERR_NOT_FOUND, 404, "not-found", "Not found",                       \
	  "There is nothing here; check the link.")                           \
	X(ERR_UNKNOWN, 404, "not-found", "Not found",                         \
	  "There is nothing here; check the link.")                           \
	X(ERR_CONFLICT, 409, "conflict", "Not possible now",                  \
	  "The present state of the meeting does not allow this.")            \
	X(ERR_ENDED, 409, "ended", "Over",                                    \
	  "The meeting is over.")                                             \
	X(ERR_FULL, 409, "full", "Full",                                      \
	  "There is no free place.")                                          \
	X(ERR_LOCKED, 409, "locked", "Locked",                                \
	  "The host lets nobody new in.")                                     \
	X(ERR_TOO_FAST, 429, "too-fast", "Too many requests",                 \
	  "Wait a moment, then try again.")                                   \
	X(ERR_UNAVAILABLE, 503, "unavailable", "Not available now",           \
	  "The server cannot take changes at the moment; try again soon.")    \
	X(ERR_AGAIN, 503, "unavailable", "Not available now",                 \
	  "The server is not ready yet; try again soon.")

static const struct {
	int err;
	struct problem problem;
} problems[] = {
#define X(err, status, code, title, detail) {err, {status, code, title, detail}},
	PROBLEMS(X)
#undef X
};

static const struct problem internal = {
	500, "internal", "Our fault",
	"Something went wrong in the server; its operator finds more in the log.",
};

const struct problem *problem_of(int err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(problems); i++)
		if (problems[i].err == err)
			return &problems[i].problem;
	return &internal;
}

void problem_add(struct problem_fields *f, const char *field, const char *detail)
{
	size_t len = strlen(field);

	if (f->count == PROBLEM_FIELDS_MAX)
		return;
	if (len >= PROBLEM_FIELD_SIZE) {
		len = PROBLEM_FIELD_SIZE - 1;
		while (len > 0 && ((unsigned char)field[len] & 0xc0) == 0x80)
			len--;		/* not in the middle of a character */
	}
	memcpy(f->item[f->count].field, field, len);
	f->item[f->count].field[len] = '\0';
	f->item[f->count++].detail = detail;
}

void problem_put(struct buf *b, const struct problem *p, const char *detail,
		 const struct problem_fields *fields)
{
	struct json_writer w;
	char type[64];
	size_t i;

	snprintf(type, sizeof(type), "urn:paravent:error:%s", p->code);
	json_put_init(&w, b);
	json_put_object(&w, NULL);
	json_put_text(&w, "type", type);
	json_put_text(&w, "title", p->title);
	json_put_int(&w, "status", p->status);
	json_put_text(&w, "detail", detail ? detail : p->detail);
	if (fields && fields->count) {
		json_put_array(&w, "errors");
		for (i = 0; i < fields->count; i++) {
			json_put_object(&w, NULL);
			json_put_text(&w, "field", fields->item[i].field);
			json_put_text(&w, "detail", fields->item[i].detail);
			json_put_end(&w);
		}
		json_put_end(&w);
	}
	json_put_end(&w);
}
