#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* The four bytes of a v4 address, plain or inside v6; NULL when it is neither. */
static const uint8_t *v4(const struct sockaddr *sa)
{
	const struct in6_addr *a6;

	if (sa->sa_family == AF_INET)
		return (const uint8_t *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr;
	if (sa->sa_family != AF_INET6)
		return NULL;
	a6 = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	return IN6_IS_ADDR_V4MAPPED(a6) ? a6->s6_addr + 12 : NULL;
}

static const struct sockaddr_in6 *v6(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET6 ? (const void *)sa : NULL;
}

void addr_text(char out[ADDR_TEXT_SIZE], const struct sockaddr *sa)
{
	const uint8_t *a = v4(sa);

	if (a)
		inet_ntop(AF_INET, a, out, ADDR_TEXT_SIZE);
	else if (v6(sa))
		inet_ntop(AF_INET6, &v6(sa)->sin6_addr, out, ADDR_TEXT_SIZE);
	else
		strcpy(out, "unknown");
}

void addr_text_port(char out[ADDR_TEXT_SIZE], const struct sockaddr *sa)
{
	char host[INET6_ADDRSTRLEN] = "unknown";
	const uint8_t *a = v4(sa);
	unsigned port = 0;

	/* both families have the port in the same place */
	if (a || v6(sa))
		port = ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
	if (a)
		inet_ntop(AF_INET, a, host, sizeof(host));
	else if (v6(sa))
		inet_ntop(AF_INET6, &v6(sa)->sin6_addr, host, sizeof(host));
	snprintf(out, ADDR_TEXT_SIZE, !a && v6(sa) ? "[%s]:%u" : "%s:%u", host, port);
}

bool addr_is_loopback(const struct sockaddr *sa)
{
	const uint8_t *a = v4(sa);

	if (a)
		return a[0] == 127;
	return v6(sa) && IN6_IS_ADDR_LOOPBACK(&v6(sa)->sin6_addr);
}

size_t addr_key(uint8_t key[ADDR_KEY_SIZE], const struct sockaddr *sa)
{
	const uint8_t *a = v4(sa);

	key[0] = a ? 4 : v6(sa) ? 6 : 0;
	if (a)
		memcpy(key + 1, a, 4);
	else if (v6(sa))
		memcpy(key + 1, &v6(sa)->sin6_addr, 8);
	return a ? 5 : v6(sa) ? 9 : 1;
}
