/*
 * listener.c - accepting, one connection a round: that there are more the loop tells for nothing, while
 * accept4 makes a socket before it finds out that there is nobody for it. When the process is out of
 * descriptors the listening sockets are left alone for a while instead of being asked over and over;
 * no errno of accept ends anything.
 */
#include <errno.h>
#include <sys/socket.h>

#include "base/log.h"
#include "broker/listener.h"
#include "broker/peer.h"
#include "broker/undertaker.h"

#define PAUSE_US 1000000
#define PAUSE_SAY_US 60000000

struct listener {
	struct bus *bus;
	struct source source;
	struct list link; /* bus.listeners */
	struct timer retry;
};

static int listener_retry(struct timer *timer)
{
	struct listener *l = container_of(timer, struct listener, retry);

	l->bus->paused = false;
	return source_set(&l->source, EPOLLIN);
}

/* Once a minute is enough. */
static void pause_say(struct bus *bus)
{
	uint64_t now = loop_now();

	if (bus->paused_said && now - bus->paused_said < PAUSE_SAY_US)
		return;
	bus->paused_said = now;
	log_warning("No descriptors or memory left for new connections: waiting");
}

static int listener_ready(struct source *source, uint32_t events)
{
	struct listener *l = container_of(source, struct listener, source);
	bool full = users_are_many(&l->bus->users);
	int fd = full ? -1 : accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0) {
		(void)peer_new(l->bus, fd);
	} else if (full || errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		   errno == ENOBUFS) {
		pause_say(l->bus);
		l->bus->paused = true;
		source_set(source, 0);
		timer_arm(&l->retry, &l->bus->loop, PAUSE_US, listener_retry);
	}
	return 0;
}

int listener_add(struct bus *bus, int fd)
{
	struct listener *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->bus = bus;
	r = source_init(&l->source, &bus->loop, fd, EPOLLIN, listener_ready);
	if (r < 0) {
		free(l);
		return r;
	}
	list_append(&bus->listeners, &l->link);
	return 0;
}

void listeners_close(struct bus *bus)
{
	list_for_each_safe (at, &bus->listeners) {
		struct listener *l = list_entry(at, struct listener, link);

		list_unlink(&l->link);
		timer_cancel(&l->retry);
		source_fini(&l->source);
		/* in it may be those that nobody accepted */
		bus->users.connections++;
		undertake(&bus->users.stranger, REMAINS_CONNECTION, l->source.fd);
		free(l);
	}
}

void listeners_resume(struct bus *bus)
{
	if (!bus->paused)
		return;
	list_for_each (at, &bus->listeners) {
		struct listener *l = list_entry(at, struct listener, link);

		timer_cancel(&l->retry);
		listener_retry(&l->retry);
	}
}
