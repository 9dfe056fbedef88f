/*
 * A disk that fails, for LD_PRELOAD: stands between the server and the system calls by
 * which it reaches the files under $FAULTIO_DIR.
 *
 *   FAULTIO_CALLS=FILE   one line per call, as it happens: its number, name and file
 *   FAULTIO_FAIL=N:ERRNO the Nth call fails, once; N+: it and all behind it, whenever
 *                        the file $FAULTIO_DIR/../healed does not exist
 *   FAULTIO_LOG=FILE     what is written, synced, cut and named, and what the process
 *                        told the outside meanwhile, so that a power cut at any moment
 *                        can be played (powercut.mjs)
 *
 * The log's records: u8 what | u64 offset | u32 length | u16 length of the path | path |
 * bytes, in the order in which the calls returned; little-endian, as the machine.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096

enum record { WRITE = 'w', SYNC = 's', CUT = 't', MADE = 'o', GONE = 'u', MOVED = 'm',
	      LINKED = 'l', TOLD = '>' };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *names[FDS];	/* of the open files that count */
static const char *dir;
static size_t dir_len;
static int calls_fd = -1, log_fd = -1;
static unsigned long count, fail_at;
static bool fail_on;
static int fail_errno;
static char healed[PATH_MAX];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
	const char *fail = getenv("FAULTIO_FAIL"), *path;
	char *end;

	dir = getenv("FAULTIO_DIR");
	if (!dir)
		return;
	dir_len = strlen(dir);
	snprintf(healed, sizeof(healed), "%s/../healed", dir);
	path = getenv("FAULTIO_CALLS");
	if (path)
		calls_fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	path = getenv("FAULTIO_LOG");
	if (path)
		log_fd = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fail) {
		fail_at = strtoul(fail, &end, 10);
		fail_on = *end == '+';
		fail_errno = atoi(strchr(fail, ':') + 1);
	}
}

static bool counts(const char *path)
{
	return dir && strncmp(path, dir, dir_len) == 0 &&
	       (path[dir_len] == '/' || !path[dir_len]);
}

static const char *name_of(int fd)
{
	return fd >= 0 && fd < FDS ? names[fd] : NULL;
}

/* A disk that is full or read-only can still be read. */
enum access { READS, WRITES };

/* One call that counts; true when it has to fail, with errno set. */
static bool fails(const char *call, const char *path, enum access how)
{
	bool failing;
	char line[PATH_MAX + 64];
	int n;

	pthread_mutex_lock(&lock);
	count++;
	failing = fail_at && (how == WRITES || fail_errno == EIO) && (fail_on ? count >= fail_at && access(healed, F_OK) != 0 :
					count == fail_at);
	if (calls_fd >= 0) {
		n = snprintf(line, sizeof(line), "%lu %s %s%s\n", count, call,
			     path + dir_len, failing ? " FAILED" : "");
		if (REAL(write)(calls_fd, line, (size_t)n) != n)
			abort();
	}
	pthread_mutex_unlock(&lock);
	if (failing)
		errno = fail_errno;
	return failing;
}

static void put(enum record what, const char *path, uint64_t offset, const void *p,
		size_t len)
{
	const uint8_t kind = (uint8_t)what;
	const uint32_t size = (uint32_t)len;
	const uint16_t path_len = (uint16_t)strlen(path);
	const struct iovec iov[] = {
		{(void *)&kind, 1}, {&offset, 8}, {(void *)&size, 4},
		{(void *)&path_len, 2}, {(void *)path, path_len}, {(void *)p, len},
	};

	if (log_fd < 0)
		return;
	pthread_mutex_lock(&lock);
	if (REAL(writev)(log_fd, iov, 6) < 0)
		abort();
	pthread_mutex_unlock(&lock);
}

static int opened(int fd, const char *path, int flags, bool was_there)
{
	if (fd < 0 || fd >= FDS)
		return fd;
	free(names[fd]);
	names[fd] = strdup(path);
	if ((flags & O_CREAT) && !was_there)
		put(MADE, path, 0, NULL, 0);
	return fd;
}

#define OPEN(symbol)                                                          \
	int symbol(const char *path, int flags, ...)                          \
	{                                                                     \
		bool was_there = false;                                       \
		mode_t mode = 0;                                              \
		va_list ap;                                                   \
                                                                              \
		va_start(ap, flags);                                          \
		if (flags & (O_CREAT | O_TMPFILE))                            \
			mode = va_arg(ap, mode_t);                            \
		va_end(ap);                                                   \
		if (!counts(path))                                            \
			return REAL(symbol)(path, flags, mode);               \
		was_there = access(path, F_OK) == 0;                          \
		if (fails("open", path, (flags & O_CREAT) && !was_there ?     \
			  WRITES : READS))                                    \
			return -1;                                            \
		return opened(REAL(symbol)(path, flags, mode), path, flags,   \
			      was_there);                                     \
	}
OPEN(open)
OPEN(open64)

int close(int fd)
{
	if (fd >= 0 && fd < FDS) {
		free(names[fd]);
		names[fd] = NULL;
	}
	return REAL(close)(fd);
}

#define PREAD(symbol, off_type)                                               \
	ssize_t symbol(int fd, void *p, size_t len, off_type at)              \
	{                                                                     \
		if (name_of(fd) && fails("pread", name_of(fd), READS))               \
			return -1;                                            \
		return REAL(symbol)(fd, p, len, at);                          \
	}
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define PWRITE(symbol, off_type)                                              \
	ssize_t symbol(int fd, const void *p, size_t len, off_type at)        \
	{                                                                     \
		ssize_t n;                                                    \
                                                                              \
		if (name_of(fd) && fails("pwrite", name_of(fd), WRITES))              \
			return -1;                                            \
		n = REAL(symbol)(fd, p, len, at);                             \
		if (n > 0 && name_of(fd))                                     \
			put(WRITE, name_of(fd), (uint64_t)at, p, (size_t)n);  \
		return n;                                                     \
	}
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *p, size_t len)
{
	off_t at;
	ssize_t n;

	if (!name_of(fd))
		return REAL(write)(fd, p, len);
	if (fails("write", name_of(fd), WRITES))
		return -1;
	at = lseek(fd, 0, SEEK_CUR);
	n = REAL(write)(fd, p, len);
	if (n > 0)
		put(WRITE, name_of(fd), (uint64_t)at, p, (size_t)n);
	return n;
}

#define TRUNCATE(symbol, off_type)                                            \
	int symbol(int fd, off_type len)                                      \
	{                                                                     \
		int r;                                                        \
                                                                              \
		if (name_of(fd) && fails("ftruncate", name_of(fd), WRITES))           \
			return -1;                                            \
		r = REAL(symbol)(fd, len);                                    \
		if (!r && name_of(fd))                                        \
			put(CUT, name_of(fd), (uint64_t)len, NULL, 0);        \
		return r;                                                     \
	}
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define FSYNC(symbol)                                                         \
	int symbol(int fd)                                                    \
	{                                                                     \
		int r;                                                        \
                                                                              \
		if (name_of(fd) && fails("fsync", name_of(fd), READS))               \
			return -1;                                            \
		r = REAL(symbol)(fd);                                         \
		if (!r && name_of(fd))                                        \
			put(SYNC, name_of(fd), 0, NULL, 0);                   \
		return r;                                                     \
	}
FSYNC(fsync)
FSYNC(fdatasync)

int unlink(const char *path)
{
	int r;

	if (counts(path) && fails("unlink", path, READS))
		return -1;
	r = REAL(unlink)(path);
	if (!r && counts(path))
		put(GONE, path, 0, NULL, 0);
	return r;
}

int rename(const char *from, const char *to)
{
	int r;

	if (counts(to) && fails("rename", to, WRITES))
		return -1;
	r = REAL(rename)(from, to);
	if (!r && counts(to))
		put(MOVED, from, 0, to, strlen(to));
	return r;
}

int link(const char *from, const char *to)
{
	int r;

	if (counts(to) && fails("link", to, WRITES))
		return -1;
	r = REAL(link)(from, to);
	if (!r && counts(to))
		put(LINKED, from, 0, to, strlen(to));
	return r;
}

/* What the outside was told: the beginning of each answer, for the promises in it. */
ssize_t send(int fd, const void *p, size_t len, int flags)
{
	if (log_fd >= 0 && len > 5 && memcmp(p, "HTTP/", 5) == 0)
		put(TOLD, "", 0, p, len < 4096 ? len : 4096);
	return REAL(send)(fd, p, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	const struct iovec *iov = msg->msg_iov;

	if (log_fd >= 0 && msg->msg_iovlen && iov->iov_len > 5 &&
	    memcmp(iov->iov_base, "HTTP/", 5) == 0)
		put(TOLD, "", 0, iov->iov_base,
		    iov->iov_len < 4096 ? iov->iov_len : 4096);
	return REAL(sendmsg)(fd, msg, flags);
}
