#include "store/backuppart.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "store/statefile.h"

static int open_locked(const char *path, int flags)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, flags) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int backuppart_make(int *lock, const char *path, struct why *why)
{
	int err, fd;

	for (;;) {
		if (mkdir(path, 0700) != 0)
			return statefile_failed(path, why);
		fd = open_locked(path, LOCK_EX);
		if (fd >= 0 && access(path, F_OK) == 0)
			break;
		err = statefile_failed(path, why);
		if (fd >= 0)
			close(fd);
		if (err != ERR_NOT_FOUND)
			return err;
		/* before it was locked somebody has swept it: once more */
	}
	*lock = fd;
	return 0;
}

static bool is_ours(const char *name)
{
	static const char begin[] = ".paravent-", end[] = ".part";
	const size_t len = strlen(name);

	return len > strlen(begin) + strlen(end) &&
	       strncmp(name, begin, strlen(begin)) == 0 &&
	       strcmp(name + len - strlen(end), end) == 0;
}

void backuppart_sweep(const char *into)
{
	DIR *d = opendir(into);
	char path[PATH_MAX];
	struct why why;
	int fd;

	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (!is_ours(e->d_name) ||
		    statefile_path(path, into, e->d_name, &why))
			continue;
		fd = open_locked(path, LOCK_EX | LOCK_NB);
		if (fd < 0)
			continue;
		statefile_remove(path);
		close(fd);
	}
	closedir(d);
}
