#include "net/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/b64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rnd.h"

static int error_of(int saved_errno)
{
	switch (saved_errno) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_FORBIDDEN;
	case EEXIST:
		return ERR_DUPLICATE;
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	}
	return ERR_IO;
}

static int read_all(struct buf *out, int fd, size_t max)
{
	size_t before = out->len;

	for (;;) {
		size_t got = out->len - before;
		ssize_t n;

		/* one byte more than allowed tells "full" from "too big" */
		buf_reserve(out, max + 1 - got < 4096 ? max + 1 - got : 4096);
		n = read(fd, out->p + out->len, max + 1 - got < 4096 ? max + 1 - got : 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->p[out->len] = '\0';
		if (out->len - before > max)
			return ERR_TOO_BIG;
	}
}

int file_read(struct buf *out, const char *path, size_t max)
{
	/* without O_NONBLOCK a FIFO would hold us */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t before = out->len;
	struct stat st;
	int err;

	if (fd < 0)
		return error_of(errno);
	if (fstat(fd, &st) < 0)
		err = ERR_IO;
	else if (!S_ISREG(st.st_mode))
		err = ERR_MALFORMED;
	else
		err = read_all(out, fd, max);
	close(fd);
	if (err && out->len > before) {
		out->len = before;
		out->p[before] = '\0';
	}
	return err;
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_of(errno);
		p += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? error_of(errno) : 0;
}

/* A new name is durable when its folder is. */
static int sync_folder(const char *path)
{
	char *copy = mem_copy(path, strlen(path));
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) < 0 ? error_of(errno) : 0;

	if (fd >= 0)
		close(fd);
	free(copy);
	return err;
}

int file_create_private(const char *path, const void *data, size_t len)
{
	char suffix[B64_LEN(6) + 1];
	struct buf name = BUF_INIT;
	uint8_t random[6];
	int err, fd;

	rnd_bytes(random, sizeof(random));
	b64_encode(suffix, random, sizeof(random));
	buf_printf(&name, "%s.%s", path, suffix);
	fd = open(name.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = error_of(errno);
		buf_fini(&name);
		return err;
	}
	err = write_all(fd, data, len);
	if (close(fd) < 0 && !err)
		err = error_of(errno);
	/* link() and not rename(): it never takes the place of another file */
	if (!err && link(name.p, path) < 0)
		err = error_of(errno);
	unlink(name.p);
	if (!err)
		err = sync_folder(path);
	buf_fini(&name);
	return err;
}

int file_make_parents(const char *path, struct buf *why)
{
	char *copy = mem_copy(path, strlen(path)), *slash = copy;
	int err = 0;

	while (!err && (slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST) {
			err = error_of(errno);
			buf_printf(why, "%s: %s", copy, strerror(errno));
		}
		*slash = '/';
	}
	free(copy);
	return err;
}
