/* Configuration text: it is read and prints as a file that means the same, or is
 * refused with lines that say why; and it never changes how the next text reads. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME "fuzz.conf"

static void prints_the_same(const struct conf *c)
{
	struct buf once = BUF_INIT, twice = BUF_INIT, errors = BUF_INIT;
	struct conf again;

	conf_print(c, &once);
	assert(conf_parse(&again, NAME, once.p, once.len, &errors) == 0);
	conf_print(&again, &twice);
	assert(strcmp(once.p, twice.p) == 0);
	assert(conf_changed_needs_restart(c, &again, &errors) == 0);
	conf_fini(&again);
	buf_fini(&once);
	buf_fini(&twice);
	buf_fini(&errors);
}

static void is_usable(const struct conf *c)
{
	struct conf_addr addr;
	size_t i;

	assert(c->listen.count > 0 && c->listen.count <= CONF_LIST_MAX);
	for (i = 0; i < c->listen.count; i++)
		assert(conf_addr(&addr, c->listen.item[i]) == 0);
	for (i = 0; i < c->stun_listen.count; i++)
		assert(conf_addr(&addr, c->stun_listen.item[i]) == 0);
	assert(*c->name && *c->public_url && *c->stun_host && *c->state_dir == '/');
	assert(!*c->tls_certificate == !*c->tls_key);
}

/* Each complaint is one line that begins with the place. */
static void is_told(const struct buf *errors)
{
	const char *line = errors->p;

	assert(errors->len && errors->p[errors->len - 1] == '\n');
	while (*line) {
		assert(strncmp(line, NAME ":", sizeof(NAME)) == 0);
		line = strchr(line, '\n') + 1;
	}
}

static void next_one_reads_well(void)
{
	static const char text[] = "name = \"next\"\n";
	struct buf errors = BUF_INIT;
	struct conf c;

	assert(conf_parse(&c, NAME, text, sizeof(text) - 1, &errors) == 0);
	assert(strcmp(c.name, "next") == 0 && errors.len == 0);
	conf_fini(&c);
	buf_fini(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors = BUF_INIT;
	struct conf c;

	setenv("HOME", "/home/somebody", 1);
	if (conf_parse(&c, NAME, (const char *)data, size, &errors) == 0) {
		assert(errors.len == 0);
		is_usable(&c);
		prints_the_same(&c);
		conf_fini(&c);
	} else {
		is_told(&errors);
	}
	buf_fini(&errors);
	next_one_reads_well();
	return 0;
}
