#include "app/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "base/buf.h"
#include "base/mem.h"

const char *options_conf_path(const char *named)
{
	if (named)
		return named;
	return access(OPTIONS_CONF_PATH, F_OK) == 0 ? OPTIONS_CONF_PATH : NULL;
}

int options_conf_load(struct conf *c, const char *named)
{
	struct buf errors = BUF_INIT;
	int err = conf_load(c, options_conf_path(named), &errors);

	if (err)
		fputs(errors.p, stderr);
	buf_fini(&errors);
	return err ? EXIT_FAILED : EXIT_OK;
}

void options_set(char **slot, const char *value)
{
	free(*slot);
	*slot = mem_copy(value, strlen(value));
}
