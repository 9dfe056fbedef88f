#include "app/secretfile.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/file.h"

/* One line of printable characters, and perhaps its end. */
static bool read_line(struct buf *out, const struct buf *text, size_t min)
{
	size_t len = strcspn(text->p, "\r\n");

	if (len < min || len > SECRETFILE_MAX ||
	    len + strspn(text->p + len, "\r\n") != text->len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text->p[i] <= ' ' || text->p[i] > '~')
			return false;
	}
	buf_put(out, text->p, len);
	return true;
}

int secretfile_load(struct buf *out, const char *key, const char *path, size_t min,
		    struct buf *why)
{
	struct buf text = BUF_INIT;
	struct stat st;
	int err = file_read(&text, path, SECRETFILE_MAX + 2);

	if (err == ERR_TOO_BIG)
		err = 0;	/* no line of ours, as an empty file */
	if (err) {
		buf_printf(why, "%s %s cannot be read: %s", key, path, err_text(err));
	} else if (stat(path, &st) < 0 || st.st_mode & S_IRWXO) {
		err = ERR_FORBIDDEN;
		buf_printf(why, "%s %s can be read by others: chmod o= it, and put a new "
			   "secret into it", key, path);
	} else if (!read_line(out, &text, min)) {
		err = ERR_MALFORMED;
		buf_printf(why, "%s %s is not one line of %zu to %d characters; make one "
			   "with: openssl rand -hex 32", key, path, min, SECRETFILE_MAX);
	}
	secretfile_fini(&text);
	return err;
}

void secretfile_fini(struct buf *secret)
{
	mem_wipe(secret->p, secret->len);
	buf_fini(secret);
}
