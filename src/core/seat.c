#include "core/seat.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *seat_state_name(enum seat_state state)
{
	static const char *const names[] = {
#define X(symbol, name, meaning) name,
		SEAT_STATES(X)
#undef X
	};

	return names[state];
}

struct seat *seat_new(struct meeting *m, const char *id, bool host,
		      enum seat_state state)
{
	const struct sigmsg_media media = SIGMSG_MEDIA_INIT;
	struct seat *s = mem_new(sizeof(*s));

	memcpy(s->id, id, SIGMSG_ID_SIZE);
	s->meeting = m;
	s->host = host;
	s->state = state;
	s->media = media;
	list_init(&s->link);
	list_init(&s->hold);
	return s;
}

void seat_free(struct seat *s)
{
	if (!s)
		return;
	list_unlink(&s->link);
	list_unlink(&s->hold);
	free(s->name);
	free(s->test);
	free(s);
}

void seat_name(struct seat *s, const char *text, size_t len, bool sealed)
{
	free(s->name);
	s->name = mem_copy(text, len);
	s->name_len = len;
	s->name_sealed = sealed;
}

struct sigmsg_label seat_label(const struct seat *s)
{
	return (struct sigmsg_label){
		.text = s->name, .len = s->name_len, .sealed = s->name_sealed,
	};
}
