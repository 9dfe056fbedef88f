#include "proto/turnaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void turn_addr_v4(struct turn_addr *out, const uint8_t ip[4], uint16_t port)
{
	memcpy(out->ip, mapped, sizeof(mapped));
	memcpy(out->ip + sizeof(mapped), ip, 4);
	out->port = port;
	out->family = 4;
	out->zero = 0;
}

void turn_addr_v6(struct turn_addr *out, const uint8_t ip[16], uint16_t port)
{
	memcpy(out->ip, ip, 16);
	out->port = port;
	out->family = 6;
	out->zero = 0;
}

bool turn_addr_of(struct turn_addr *out, const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;

		turn_addr_v4(out, (const uint8_t *)&sin->sin_addr,
			     ntohs(sin->sin_port));
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;

		turn_addr_v6(out, sin6->sin6_addr.s6_addr, ntohs(sin6->sin6_port));
		return true;
	}
	memset(out, 0, sizeof(*out));
	return false;
}

socklen_t turn_addr_sockaddr(struct sockaddr_storage *out, const struct turn_addr *a)
{
	if (a->family == 4) {
		struct sockaddr_in *sin = (struct sockaddr_in *)out;

		memset(sin, 0, sizeof(*sin));
		sin->sin_family = AF_INET;
		sin->sin_port = htons(a->port);
		memcpy(&sin->sin_addr, turn_addr_v4_bytes(a), 4);
		return sizeof(*sin);
	} else {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;

		memset(sin6, 0, sizeof(*sin6));
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(a->port);
		memcpy(&sin6->sin6_addr, a->ip, 16);
		return sizeof(*sin6);
	}
}

bool turn_addr_parse(struct turn_addr *out, const char *text, uint16_t port)
{
	uint8_t ip[16];

	if (inet_pton(AF_INET, text, ip) == 1)
		turn_addr_v4(out, ip, port);
	else if (inet_pton(AF_INET6, text, ip) == 1)
		turn_addr_v6(out, ip, port);
	else
		return false;
	return true;
}

void turn_addr_text(char out[TURN_ADDR_TEXT_SIZE], const struct turn_addr *a)
{
	if (a->family == 4)
		inet_ntop(AF_INET, turn_addr_v4_bytes(a), out, TURN_ADDR_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, a->ip, out, TURN_ADDR_TEXT_SIZE);
}

void turn_addr_key(uint8_t key[TURN_ADDR_KEY_SIZE], const struct turn_addr *a)
{
	key[0] = a->family;
	memcpy(key + 1, a->family == 4 ? a->ip + 8 : a->ip, 8);
}
