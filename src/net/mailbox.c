#include "net/mailbox.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct mailbox {
	pthread_mutex_t lock;
	struct list letters;	/* under the lock */
	struct event *ev;
	void *arg;
	int fd;
};

/* All at once, so that a sender never waits for a reader's work. */
void mailbox_read(struct mailbox *m)
{
	struct list taken;

	list_init(&taken);
	pthread_mutex_lock(&m->lock);
	while (!list_empty(&m->letters)) {
		struct list *it = m->letters.next;

		list_unlink(it);
		list_append(&taken, it);
	}
	pthread_mutex_unlock(&m->lock);
	while (!list_empty(&taken)) {
		struct letter *l = CONTAINER_OF(taken.next, struct letter, link);

		list_unlink(&l->link);
		l->fn(m->arg, l);
	}
}

static void on_letters(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	/* before the list: what comes behind wakes us again */
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	mailbox_read(arg);
}

struct mailbox *mailbox_new(struct event_base *base, void *arg)
{
	struct mailbox *m = mem_new(sizeof(*m));

	pthread_mutex_init(&m->lock, NULL);
	list_init(&m->letters);
	m->arg = arg;
	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->fd < 0)
		abort();	/* no file descriptor at the start: as with no memory */
	m->ev = event_new(base, m->fd, EV_READ | EV_PERSIST, on_letters, m);
	event_add(m->ev, NULL);
	return m;
}

void mailbox_free(struct mailbox *m)
{
	if (!m)
		return;
	while (!list_empty(&m->letters))	/* one may bring another */
		mailbox_read(m);
	event_free(m->ev);
	close(m->fd);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void mailbox_send(struct mailbox *m, struct letter *l, letter_fn *fn)
{
	const uint64_t one = 1;
	bool first;

	l->fn = fn;
	list_init(&l->link);
	pthread_mutex_lock(&m->lock);
	first = list_empty(&m->letters);
	list_append(&m->letters, &l->link);
	pthread_mutex_unlock(&m->lock);
	/* cannot fail: the counter never nears its end */
	if (first && write(m->fd, &one, sizeof(one)) < 0)
		abort();
}
