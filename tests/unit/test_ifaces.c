#include "unit.h"

#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/ifaces.h"

/* netinet/in.h and linux/ipv6.h define the same names differently. */
struct in6_ifreq {
	uint8_t addr[16];
	uint32_t prefix;
	int index;
};

static const struct turn_own *find(const struct turn_own *list, ssize_t count,
				   const char *text)
{
	struct turn_addr a;

	ck_assert(turn_addr_parse(&a, text, 0));
	for (ssize_t i = 0; i < count; i++) {
		if (turn_addr_equal(&list[i].addr, &a))
			return &list[i];
	}
	return NULL;
}

static bool put_address(const char *text, uint32_t prefix)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct in6_ifreq req = {.prefix = prefix, .index = (int)if_nametoindex("lo")};
	struct turn_addr a;
	bool good;

	ck_assert(turn_addr_parse(&a, text, 0));
	memcpy(req.addr, a.ip, sizeof(req.addr));
	good = fd >= 0 && ioctl(fd, SIOCSIFADDR, &req) == 0;
	close(fd);
	return good;
}

static bool lo_up(void)
{
	struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &req) == 0;

	close(fd);
	return good;
}

START_TEST(test_machine_has_loopback_once)
{
	/* And says that there are more where not all fit. */
	struct turn_own list[128], one;
	ssize_t count = ifaces_list(list, 128);
	int seen = 0;

	ck_assert_int_gt(count, 0);
	for (ssize_t i = 0; i < count && i < 128; i++)
		seen += find(&list[i], 1, "127.0.0.1") != NULL;
	ck_assert_int_le(seen, 1);
	ck_assert_int_ge(ifaces_list(&one, 1), count);
	ck_assert(turn_addr_equal(&one.addr, &list[0].addr));
}
END_TEST

START_TEST(test_addresses_bring_their_networks)
{
	/* Of both families (turn.md G6, and doc/decisions.md on neighbours). */
	struct turn_own list[128];
	ssize_t count;

	/* in a network of our own; where that may not be made, nothing is shown */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 || !lo_up() ||
	    !put_address("2600:5:0:7::5", 61) || !put_address("2600:6::5", 128))
		return;
	count = ifaces_list(list, 128);
	ck_assert_int_eq(count, 4);
	ck_assert_uint_eq(find(list, count, "2600:5:0:7::5")->bits, 61);
	ck_assert_uint_eq(find(list, count, "2600:6::5")->bits, 128);
	ck_assert_uint_eq(find(list, count, "::1")->bits, 128);
	ck_assert_uint_eq(find(list, count, "127.0.0.1")->bits, 8);
}
END_TEST

UNIT_MAIN("ifaces", test_machine_has_loopback_once, test_addresses_bring_their_networks)
