#include "base/password.h"

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rnd.h"

/* yescrypt at the cost that libcrypt has for its default. */
static const char method[] = "$y$";

/* What to measure a password against when there is none: the cost is the default's, and
 * no password has this hash. */
static const char nobody[] =
	"$y$j9T$2krTZgEqPVEXQZLk74I2i0$...........................................";

static void no_yescrypt(void)
{
	fputs("paravent: libcrypt has no yescrypt\n", stderr);
	abort();
}

/* The hash of a password under a setting; false when libcrypt does not take them. */
static bool hash(char out[PASSWORD_HASH_SIZE], const char *password, const char *setting)
{
	struct crypt_data *data = mem_new(sizeof(*data));
	const char *made = crypt_rn(password, setting, data, sizeof(*data));
	const bool good = made && strlen(made) < PASSWORD_HASH_SIZE;

	if (good)
		strcpy(out, made);
	mem_wipe(data, sizeof(*data));
	free(data);
	return good;
}

void password_hash(char out[PASSWORD_HASH_SIZE], const char *password)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], salt[16];

	rnd_bytes(salt, sizeof(salt));
	if (!crypt_gensalt_rn(method, 0, salt, sizeof(salt), setting, sizeof(setting)) ||
	    !hash(out, password, setting))
		no_yescrypt();
	mem_wipe(salt, sizeof(salt));
}

bool password_is(const char *kept, const char *password)
{
	const bool somebody = kept && *kept;
	char made[PASSWORD_HASH_SIZE] = "";
	size_t len;
	bool same;

	if (strlen(password) > PASSWORD_BYTES_MAX)
		return false;	/* nobody's, and at once for everybody */
	if (!somebody)
		kept = nobody;
	if (!hash(made, password, kept) && !somebody)
		no_yescrypt();
	len = strlen(kept);
	same = strlen(made) == len && mem_equal_secret(made, kept, len);
	mem_wipe(made, sizeof(made));
	return same && somebody;
}
