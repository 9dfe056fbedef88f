#include "store/backupkeep.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "store/backup.h"
#include "store/statefile.h"

/* "paravent-20261120T093000Z": by name is by age. */
static int is_backup_name(const struct dirent *entry)
{
	static const char shape[] = "paravent-########T######Z";
	const char *name = entry->d_name;
	size_t i;

	for (i = 0; shape[i] && name[i]; i++) {
		if (shape[i] == '#' ? name[i] < '0' || name[i] > '9' : name[i] != shape[i])
			return 0;
	}
	return !shape[i] && !name[i];
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_backup(const char *path)
{
	char manifest[PATH_MAX];
	struct why why;

	return statefile_path(manifest, path, BACKUP_MANIFEST, &why) == 0 &&
	       access(manifest, F_OK) == 0;
}

int backup_keep(const char *into, size_t keep, struct why *why)
{
	struct dirent **entry = NULL;
	int i, kept = 0, removed = 0, err = 0;
	int n = scandir(into, &entry, is_backup_name, by_bytes);
	char path[PATH_MAX];

	if (n < 0)
		return why_set(why, ERR_IO, "%s: %s", into, strerror(errno));
	/* the newest first; what cannot be removed does not keep the others */
	for (i = n - 1; i >= 0; i--) {
		bool ours = statefile_path(path, into, entry[i]->d_name, why) == 0 &&
			    is_backup(path);

		free(entry[i]);
		if (!ours || (size_t)kept < keep) {
			kept += ours;
			continue;
		}
		statefile_remove(path);
		if (access(path, F_OK) == 0)
			err = why_set(why, ERR_IO, "%s cannot be removed as a whole", path);
		else
			removed++;
	}
	free(entry);
	return err ? err : removed;
}
