#include "store/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "store/statefile.h"

/* The state directory, as it is before anything is done. */
struct former {
	int fd;			/* locked, or -1: there is none */
	bool empty;
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

static int is_empty(bool *empty, const char *path, struct why *why)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return statefile_failed(path, why);
	*empty = true;
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			*empty = false;
	closedir(d);
	return 0;
}

/* As the server locks it (ledger_open()), so that none can start meanwhile. */
static int lock(int *fd, const char *path, struct why *why)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return statefile_failed(path, why);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(*fd);
	*fd = -1;
	if (errno == EWOULDBLOCK)
		return why_set(why, ERR_LOCKED, "a server is running on %s: stop it first",
			       path);
	return statefile_failed(path, why);
}

static int look(struct former *f, const char *path, struct why *why)
{
	struct stat st;
	int err;

	*f = (struct former){.fd = -1, .empty = true, .uid = geteuid(),
			     .gid = getegid(), .mode = 0700};
	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : statefile_failed(path, why);
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	f->mode = st.st_mode & 07777;
	err = lock(&f->fd, path, why);
	return err ? err : is_empty(&f->empty, path, why);
}

/* Files and folder go to whom the state belonged; that is root's to say. */
static int hand_over(const char *path, const struct former *f, mode_t mode,
		     struct why *why)
{
	if ((geteuid() == 0 && chown(path, f->uid, f->gid) != 0) ||
	    chmod(path, mode) != 0)
		return statefile_failed(path, why);
	return 0;
}

static int fill(const struct backup *b, const char *dir, const struct former *f,
		struct why *why)
{
	char from[PATH_MAX], to[PATH_MAX];
	uint8_t sha256[32];
	uint64_t size;
	int err = 0;

	for (size_t i = 0; i < b->count && !err; i++) {
		err = statefile_path(from, b->path, b->file[i].name, why);
		if (!err)
			err = statefile_path(to, dir, b->file[i].name, why);
		if (!err)
			err = statefile_copy(from, to, sha256, &size, why);
		if (!err && memcmp(sha256, b->file[i].sha256, sizeof(sha256)) != 0)
			err = why_set(why, ERR_CORRUPT, "%s changed while it was copied",
				      from);
		if (!err)
			err = hand_over(to, f, 0600, why);
	}
	if (!err)
		err = statefile_sync(dir, why);
	return err ? err : hand_over(dir, f, f->mode, why);
}

/* Both names in one folder, so that the moves are renames. */
static int sync_parent(const char *path, struct why *why)
{
	char parent[PATH_MAX];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash)
		strcpy(parent, ".");
	else if (slash == parent)
		slash[1] = '\0';
	else
		*slash = '\0';
	return statefile_sync(parent, why);
}

/* The new state into its place, and the former one back if that fails. */
static int swap(const char *made, const char *state_dir, const char *aside,
		struct why *why)
{
	int err;

	if (*aside && rename(state_dir, aside) != 0)
		return statefile_failed(aside, why);
	if (rename(made, state_dir) != 0) {
		err = statefile_failed(state_dir, why);
		if (*aside && rename(aside, state_dir) != 0)
			why_set(why, err, "%s cannot be put in its place; the former "
				"state is %s", state_dir, aside);
		return err;
	}
	return sync_parent(state_dir, why);
}

/* "/var/lib/paravent/" is the same as without the slash, and a name to build on. */
static int beside(char out[PATH_MAX], const char *state_dir, const char *what,
		  const char *stamp, struct why *why)
{
	size_t len = strlen(state_dir);
	int n;

	while (len > 1 && state_dir[len - 1] == '/')
		len--;
	n = snprintf(out, PATH_MAX, "%.*s%s%s", (int)len, state_dir, what, stamp);
	if (n < 0 || n >= PATH_MAX)
		return why_set(why, ERR_TOO_BIG, "%s: the path is too long", state_dir);
	return 0;
}

/* The folder itself: not the link to it that some systems keep in its place. */
static int resolve(char out[PATH_MAX], const char *state_dir, struct why *why)
{
	if (realpath(state_dir, out))
		return 0;
	return errno == ENOENT ? beside(out, state_dir, "", "", why) :
				 statefile_failed(state_dir, why);
}

int restore_backup(const struct backup *backup, const char *state_dir, bool force,
		   int64_t now, char aside[PATH_MAX], struct why *why)
{
	char stamp[STATEFILE_STAMP_SIZE], dir[PATH_MAX], made[PATH_MAX];
	struct former f = {.fd = -1};
	int err, fd = -1;

	statefile_stamp(stamp, now);
	aside[0] = '\0';
	err = resolve(dir, state_dir, why);
	if (!err)
		err = beside(made, dir, ".restoring-", stamp, why);
	if (!err)
		err = look(&f, dir, why);
	if (!err && !f.empty && !force)
		err = why_set(why, ERR_DUPLICATE, "there is something in %s already", dir);
	if (!err && !f.empty)
		err = beside(aside, dir, ".before-", stamp, why);
	if (!err && mkdir(made, 0700) != 0)
		err = statefile_failed(made, why);
	if (err)
		goto out;
	err = lock(&fd, made, why);	/* it keeps the lock under its new name */
	if (!err)
		err = fill(backup, made, &f, why);
	if (!err)
		err = swap(made, dir, aside, why);
	if (err)
		statefile_remove(made);
out:
	if (fd >= 0)
		close(fd);
	if (f.fd >= 0)
		close(f.fd);
	return err;
}
