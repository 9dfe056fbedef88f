#include "app/lastbackup.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/file.h"

void lastbackup_write(const char *state_dir, int64_t wall_ms)
{
	char text[CLOCK_RFC3339_SIZE + 1];
	struct buf path = BUF_INIT;
	size_t len;
	int fd;

	len = clock_rfc3339(text, wall_ms / 1000 * 1000);
	text[len++] = '\n';
	buf_printf(&path, "%s/" LASTBACKUP_FILE, state_dir);
	/* root may have made it before the timer does, or the other way round */
	unlink(path.p);
	fd = open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0) {
		if (write(fd, text, len) != (ssize_t)len)
			unlink(path.p);
		close(fd);
	}
	buf_fini(&path);
}

int64_t lastbackup_read(const char *state_dir)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int64_t at = 0;

	buf_printf(&path, "%s/" LASTBACKUP_FILE, state_dir);
	if (file_read(&text, path.p, CLOCK_RFC3339_SIZE) == 0 &&
	    clock_rfc3339_parse(&at, text.p, strcspn(text.p, "\n")) != 0)
		at = 0;
	buf_fini(&text);
	buf_fini(&path);
	return at;
}
