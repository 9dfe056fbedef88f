#include "app/relaysecret.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"
#include "net/file.h"

#define NAME "relay.secret"
#define SECRET_SIZE 32
#define LINE_MIN 22		/* 128 bits in base64url (RFC 8489 section 9.2) */
#define FILE_MAX 512

static int make_file(const char *path, struct buf *why)
{
	char text[B64_LEN(SECRET_SIZE) + 2];
	uint8_t random[SECRET_SIZE];
	size_t len;
	int err;

	rnd_bytes(random, sizeof(random));
	len = b64_encode(text, random, sizeof(random));
	text[len++] = '\n';
	err = file_create_private(path, text, len);
	if (err)
		buf_printf(why, "%s cannot be made: %s", path, err_text(err));
	mem_wipe(random, sizeof(random));
	mem_wipe(text, sizeof(text));
	return err;
}

/* Reads one line; returns what is behind it, or NULL when it is none of ours. */
static const char *read_line(char *out, size_t cap, const char *p)
{
	size_t len = strcspn(p, "\n");

	if (len < LINE_MIN || len >= cap)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (p[i] <= ' ' || p[i] > '~')
			return NULL;
	}
	memcpy(out, p, len);
	out[len] = '\0';
	return p + len + (p[len] == '\n');
}

static bool read_lines(struct turncred_secrets *out, const char *text)
{
	const char *p = read_line(out->current, sizeof(out->current), text);

	out->previous[0] = '\0';
	if (p && *p)
		p = read_line(out->previous, sizeof(out->previous), p);
	return p && !*p;
}

int relaysecret_load(struct turncred_secrets *out, const char *state_dir, bool make,
		     struct buf *why)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct turncred_secrets found;
	struct stat st;
	int err = 0;

	buf_printf(&path, "%s/" NAME, state_dir);
	if (make && stat(path.p, &st) < 0)
		err = make_file(path.p, why);
	if (err)
		goto out;
	err = file_read(&text, path.p, FILE_MAX);
	if (err) {
		buf_printf(why, "%s cannot be read: %s", path.p, err_text(err));
	} else if (stat(path.p, &st) < 0 || st.st_mode & 077) {
		err = ERR_FORBIDDEN;
		buf_printf(why, "%s can be read by others: chmod 600 it, and put a new "
			   "secret in its first line", path.p);
	} else if (!read_lines(&found, text.p)) {
		err = ERR_MALFORMED;
		buf_printf(why, "%s is not one or two lines of at least %d characters; "
			   "remove it, and a new one is made", path.p, LINE_MIN);
	} else {
		*out = found;
	}
	mem_wipe(&found, sizeof(found));
	mem_wipe(text.p, text.len);
out:
	buf_fini(&text);
	buf_fini(&path);
	return err;
}
