#include "net/ifaces.h"

#include <ifaddrs.h>
#include <stdbool.h>

#include "base/err.h"

static bool is_link_local(const struct turn_addr *a)
{
	return a->family == 6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static bool is_listed(const struct turn_own *list, size_t count, const struct turn_addr *a)
{
	for (size_t i = 0; i < count; i++) {
		if (turn_addr_same_ip(&list[i].addr, a))
			return true;
	}
	return false;
}

/* All of them where there is no mask. */
static uint8_t bits_of(const struct turn_addr *a, const struct sockaddr *netmask)
{
	unsigned first = a->family == 4 ? 96 : 0, bits = first;
	struct turn_addr mask;

	if (!netmask || !turn_addr_of(&mask, netmask))
		return (uint8_t)(128 - first);
	while (bits < 128 && mask.ip[bits / 8] & 0x80 >> bits % 8)
		bits++;
	return (uint8_t)(bits - first);
}

ssize_t ifaces_list(struct turn_own *out, size_t cap)
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
			out[count] = (struct turn_own){a, bits_of(&a, i->ifa_netmask)};
		count++;
	}
	freeifaddrs(all);
	return (ssize_t)count;
}
