#include "proto/appointmsg.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/json.h"
#include "proto/label.h"

#define MEMBERS_MAX 64

static const char *const wrong_id =
	"must be a string of 1 to 128 characters without control characters";

_Static_assert(APPOINTMSG_TEXT_MAX == 128, "the sentence above says 128");

static int scan(struct json_member *out, struct problem_fields *fields, const char *body,
		size_t len)
{
	int count = json_scan(out, MEMBERS_MAX, body, len);

	fields->count = 0;
	return count < 0 ? ERR_MALFORMED : count;
}

static void read_id(const struct json_member *m, int count, const char *key,
		    char out[APPOINTMSG_TEXT_SIZE], struct problem_fields *fields)
{
	const struct json_member *found = json_find(m, count, key);
	ssize_t len = found ? json_get_string(found, out, APPOINTMSG_TEXT_SIZE) : -1;

	if (len <= 0 || label_clean(out, (size_t)len, APPOINTMSG_TEXT_MAX) != len)
		problem_add(fields, key, wrong_id);
}

/* The seeds' services send an id, or the whole record of the person. */
static void ask_for(const struct json_member *m, int count, const char *key,
		    struct problem_fields *fields)
{
	const struct json_member *found = json_find(m, count, key);

	if (!found || (found->kind != JSON_KIND_STRING && found->kind != JSON_KIND_OBJECT))
		problem_add(fields, key, "must be there");
}

int appointmsg_make_decode(char appointment[APPOINTMSG_TEXT_SIZE],
			   struct problem_fields *fields, const char *body, size_t len)
{
	struct json_member m[MEMBERS_MAX];
	int count = scan(m, fields, body, len);

	if (count < 0)
		return count;
	read_id(m, count, "appointmentId", appointment, fields);
	ask_for(m, count, "doctorId", fields);
	ask_for(m, count, "patientId", fields);
	return fields->count ? ERR_RANGE : 0;
}

int appointmsg_join_decode(bool *host, char person[APPOINTMSG_TEXT_SIZE],
			   struct problem_fields *fields, const char *body, size_t len)
{
	struct json_member m[MEMBERS_MAX];
	const struct json_member *found;
	int count = scan(m, fields, body, len);
	char role[16] = "";

	if (count < 0)
		return count;
	found = json_find(m, count, "role");
	if (!found || json_get_string(found, role, sizeof(role)) < 0)
		role[0] = '\0';
	*host = strcmp(role, "doctor") == 0;
	if (!*host && strcmp(role, "patient") != 0)
		problem_add(fields, "role", "must be doctor or patient");
	read_id(m, count, "userId", person, fields);
	return fields->count ? ERR_RANGE : 0;
}

void appointmsg_put_session(struct buf *out, const char *base_url, const char *id)
{
	struct buf text = BUF_INIT;
	struct json_writer w;

	json_put_init(&w, out);
	json_put_object(&w, NULL);
	json_put_text(&w, "sessionId", id);
	buf_printf(&text, "room_%s", id);
	json_put_text(&w, "roomName", text.p);
	buf_reset(&text);
	buf_printf(&text, "%s/join/%s", base_url, id);
	json_put_text(&w, "baseUrl", text.p);
	json_put_end(&w);
	buf_fini(&text);
}

void appointmsg_put_link(struct buf *out, const char *base_url, const char *id,
			 const char *token, int64_t seconds)
{
	struct buf url = BUF_INIT;
	struct json_writer w;

	json_put_init(&w, out);
	json_put_object(&w, NULL);
	buf_printf(&url, "%s/join/%s?token=%s", base_url, id, token);
	json_put_text(&w, "joinUrl", url.p);
	json_put_int(&w, "expiresIn", seconds);
	json_put_end(&w);
	mem_wipe(url.p, url.len);
	buf_fini(&url);
}
