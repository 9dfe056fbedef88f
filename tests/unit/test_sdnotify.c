#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/sdnotify.h"

/* The manager's end, at a path or ('@') a name. */
static int manager(const char *where)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(where));
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(sa.sun_path, where);
	if (*where == '@')
		sa.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, len), 0);
	setenv("NOTIFY_SOCKET", where, 1);
	return fd;
}

static void hears(int fd, const char *text)
{
	char got[128];
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	ck_assert_int_ge(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, text);
}

START_TEST(test_says)
{
	/* sd_notify(3): one datagram to a path, or to a name that begins with '@' */
	char dir[] = "/tmp/test-notify-XXXXXX", path[40], name[40];
	struct sdnotify *n;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(name, sizeof(name), "@%s", dir);
	for (int i = 0; i < 2; i++) {
		fd = manager(i ? name : path);
		n = sdnotify_new();
		sdnotify_say(n, "READY=1");
		sdnotify_say(n, "STATUS=well");
		hears(fd, "READY=1");
		hears(fd, "STATUS=well");
		close(fd);
		sdnotify_say(n, "nobody hears this, and we live");
		sdnotify_free(n);
	}
	unlink(path);
	rmdir(dir);
}
END_TEST

START_TEST(test_silent)
{
	/* nobody asked, or with something that is no address: silence */
	static const char *const no_socket[] = {NULL, "", "/", "relative", "vsock:2:1"};
	char longer[200];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i <= 5; i++) {
		const char *where = i < 5 ? no_socket[i] : longer;
		struct sdnotify *n;

		if (where)
			setenv("NOTIFY_SOCKET", where, 1);
		else
			unsetenv("NOTIFY_SOCKET");
		n = sdnotify_new();
		sdnotify_say(n, "READY=1");
		ck_assert_uint_eq(sdnotify_watchdog_ms(n), 0);
		sdnotify_free(n);
	}
}
END_TEST

START_TEST(test_watchdog)
{
	/* sd_watchdog_enabled(3): the interval is for one process */
	char pid[16];
	struct sdnotify *n;
	int fd = manager("@test-sdnotify-watchdog");

	setenv("WATCHDOG_USEC", "30000000", 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	n = sdnotify_new();
	ck_assert_uint_eq(sdnotify_watchdog_ms(n), 30000);
	sdnotify_free(n);
	setenv("WATCHDOG_PID", "1", 1);
	n = sdnotify_new();
	ck_assert_uint_eq(sdnotify_watchdog_ms(n), 0);
	sdnotify_free(n);
	close(fd);
}
END_TEST

UNIT_MAIN("sdnotify", test_says, test_silent, test_watchdog)
