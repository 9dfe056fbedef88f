#include "base/rnd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void rnd_bytes(void *p, size_t len)
{
	char *at = p;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			abort();
		}
		at += n;
		len -= (size_t)n;
	}
}
