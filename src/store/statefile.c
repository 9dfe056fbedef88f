#include "store/statefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "base/err.h"

void statefile_stamp(char out[STATEFILE_STAMP_SIZE], int64_t wall_ms)
{
	const time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	if (strftime(out, STATEFILE_STAMP_SIZE, "%Y%m%dT%H%M%SZ", &tm) == 0)
		out[0] = '\0';
}

int statefile_path(char out[PATH_MAX], const char *dir, const char *name,
		   struct why *why)
{
	const int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);

	if (n < 0 || n >= PATH_MAX)
		return why_set(why, ERR_TOO_BIG, "%s: the path is too long", dir);
	return 0;
}

int statefile_failed(const char *path, struct why *why)
{
	int err = ERR_IO;

	if (errno == ENOSPC || errno == EDQUOT)
		err = ERR_AGAIN;
	else if (errno == ENOENT || errno == ENOTDIR)
		err = ERR_NOT_FOUND;
	else if (errno == EACCES || errno == EPERM || errno == EROFS)
		err = ERR_FORBIDDEN;
	return why_set(why, err, "%s: %s", path, strerror(errno));
}

/* Writes all of it; errno says why not. */
static int write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return -1;
	}
	return 0;
}

/* Reads `from` to its end, into the digest and, where to >= 0, into that file. */
static int pump(int from, int to, struct sha256_ctx *sha, uint64_t *size)
{
	char part[65536];
	ssize_t n;

	*size = 0;
	for (;;) {
		n = read(from, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		if (to >= 0 && write_all(to, part, (size_t)n))
			return -1;
		sha256_update(sha, (size_t)n, (const uint8_t *)part);
		*size += (uint64_t)n;
	}
}

int statefile_copy(const char *from, const char *to, uint8_t sha256[32],
		   uint64_t *size, struct why *why)
{
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	struct sha256_ctx sha;
	int out, err = 0;

	if (in < 0)
		return statefile_failed(from, why);
	sha256_init(&sha);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 || fchmod(out, 0600) || pump(in, out, &sha, size) || fsync(out))
		err = statefile_failed(to, why);
	if (out >= 0 && close(out) && !err)
		err = statefile_failed(to, why);
	close(in);
	sha256_digest(&sha, 32, sha256);
	return err;
}

int statefile_digest(const char *path, uint8_t sha256[32], uint64_t *size,
		     struct why *why)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct sha256_ctx sha;
	int err = 0;

	if (fd < 0)
		return statefile_failed(path, why);
	sha256_init(&sha);
	if (pump(fd, -1, &sha, size))
		err = statefile_failed(path, why);
	close(fd);
	sha256_digest(&sha, 32, sha256);
	return err;
}

int statefile_sync(const char *path, struct why *why)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return statefile_failed(path, why);
	if (fsync(fd))
		err = statefile_failed(path, why);
	close(fd);
	return err;
}

void statefile_remove(const char *dir)
{
	char path[PATH_MAX];
	DIR *d = opendir(dir);
	struct why why;

	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    !statefile_path(path, dir, e->d_name, &why))
			unlink(path);
	closedir(d);
	rmdir(dir);
}
