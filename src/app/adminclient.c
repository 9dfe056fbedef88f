#include "app/adminclient.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/admin.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/dial.h"
#include "proto/json.h"

#define ANSWER_MAX (16 << 20)
#define MEMBERS_MAX 32

void adminclient_fini(struct adminclient_answer *a)
{
	buf_fini(&a->body);
}

/* Status and body of a whole answer. Returns 0 or ERR_MALFORMED. */
static int read_answer(struct adminclient_answer *out, struct buf *all)
{
	static const char version[] = "HTTP/1.1 ";
	const size_t n = sizeof(version) - 1;
	const char *body = strstr(all->p, "\r\n\r\n");

	if (!body || strncmp(all->p, version, n) != 0)
		return ERR_MALFORMED;
	out->status = atoi(all->p + n);
	buf_drop(all, (size_t)(body + 4 - all->p));
	out->body = *all;
	buf_init(all);
	return 0;
}

static int ask(struct adminclient_answer *answer, const char *command,
	       const char *state_dir, const struct buf *request)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct buf all = BUF_INIT, why = BUF_INIT;
	int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/" ADMIN_SOCKET, state_dir);
	int err;

	if (n < 0 || (size_t)n >= sizeof(sa.sun_path)) {
		fprintf(stderr, "%s: the path of state-dir is too long\n", command);
		return ERR_TOO_BIG;
	}
	err = dial_ask(&all, (struct sockaddr *)&sa, sizeof(sa), request, ANSWER_MAX,
		       &why);
	if (!err) {
		err = read_answer(answer, &all);
		if (err)
			buf_puts(&why, "what answers there is no Paravent");
	}
	if (err == ERR_UNAVAILABLE && access(state_dir, F_OK) == 0 &&
	    access(sa.sun_path, F_OK) < 0 && errno == ENOENT)
		fprintf(stderr, "%s: no server runs on %s. Start it with: paravent "
				"serve\n", command, state_dir);
	else if (err)
		fprintf(stderr, "%s: %s: %s\n", command, sa.sun_path, why.p);
	buf_fini(&all);
	buf_fini(&why);
	return err;
}

/* The sentence of a problem document. */
static int refused(struct adminclient_answer *a, const char *command)
{
	struct json_member m[16];
	int n = json_scan(m, ARRAY_LEN(m), a->body.p, a->body.len);
	const struct json_member *detail = n < 0 ? NULL : json_find(m, n, "detail");
	char text[512];

	if (!detail || json_get_string(detail, text, sizeof(text)) < 0)
		snprintf(text, sizeof(text), "the server answered %d", a->status);
	fprintf(stderr, "%s: %s\n", command, text);
	switch (a->status) {
	case 404:
		return ERR_NOT_FOUND;
	case 503:
		return ERR_UNAVAILABLE;
	}
	return a->status < 500 ? ERR_FORBIDDEN : ERR_IO;
}

int adminclient_ask(struct adminclient_answer *answer, const char *command,
		    const char *state_dir, const char *method, const char *path,
		    const char *body)
{
	struct buf request = BUF_INIT;
	int err;

	buf_printf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
		   method, path);
	if (body)
		buf_printf(&request, "Content-Type: application/json\r\n"
				     "Content-Length: %zu\r\n", strlen(body));
	buf_puts(&request, "\r\n");
	if (body)
		buf_puts(&request, body);
	err = ask(answer, command, state_dir, &request);
	buf_fini(&request);
	if (!err && (answer->status < 200 || answer->status > 299)) {
		err = refused(answer, command);
		adminclient_fini(answer);
	}
	return err;
}

bool adminclient_items(const struct adminclient_answer *a, adminclient_item_fn *fn)
{
	struct json_member m[MEMBERS_MAX], item;
	int n = json_scan(m, ARRAY_LEN(m), a->body.p, a->body.len);
	const struct json_member *items = n < 0 ? NULL : json_find(m, n, "items");
	const char *at = NULL;

	if (!items)
		return false;
	while (json_item(&item, items, &at)) {
		struct json_member of[MEMBERS_MAX];

		n = json_scan(of, ARRAY_LEN(of), item.value, item.len);
		if (n < 0)
			return false;
		fn(of, n);
	}
	return true;
}

void adminclient_text(char *out, size_t cap, const struct json_member *m, int count,
		      const char *key)
{
	const struct json_member *found = json_find(m, count, key);

	out[0] = '\0';
	if (!found || found->kind == JSON_KIND_NULL)
		return;
	if (found->kind == JSON_KIND_STRING) {
		if (json_get_string(found, out, cap) < 0)
			out[0] = '\0';
	} else {
		snprintf(out, cap, "%.*s", (int)found->len, found->value);
	}
}
