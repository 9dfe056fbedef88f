#include "net/ifaces.h"

#include <ifaddrs.h>
#include <stdbool.h>

#include "base/err.h"

static bool is_link_local(const struct turn_addr *a)
{
	return a->family == 6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static bool is_listed(const struct turn_addr *list, size_t count, const struct turn_addr *a)
{
	for (size_t i = 0; i < count; i++) {
		if (turn_addr_same_ip(&list[i], a))
			return true;
	}
	return false;
}

ssize_t ifaces_list(struct turn_addr *out, size_t cap)
{
	struct ifaddrs *all;
	size_t count = 0;

	if (getifaddrs(&all) < 0)
		return ERR_IO;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct turn_addr a;

		if (!i->ifa_addr || !turn_addr_of(&a, i->ifa_addr) || is_link_local(&a))
			continue;
		a.port = 0;
		if (is_listed(out, count < cap ? count : cap, &a))
			continue;
		if (count < cap)
			out[count] = a;
		count++;
	}
	freeifaddrs(all);
	return (ssize_t)count;
}
