/*
 * undertaker.c - users take turns: each has one digger of a kind at the most, and a batch of what it
 * left is a turn, so that who makes one sleep waits behind it alone. Root and the user of the bus
 * may have some, as others' descriptors pass through their hands; and some are there for them alone, as
 * who can become many users (user namespaces) could make all others sleep. A descriptor that waits is in
 * the table once, so the table's size is what the queues need at the most and there is nothing to
 * allocate.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/log.h"
#include "broker/bus.h"
#include "broker/listener.h"
#include "broker/peer.h"
#include "broker/undertaker.h"

#define FDS_MAX (1u << 20)
#define PRIVILEGED_DIGGERS 8
#define RESERVED(diggers) ((diggers) / 4)
#define WATCH_US 5000000
#define WATCH_TICKS 2 /* then it takes long */
#define SAY_US 60000000
/* Threads that share a table wait for each other while it grows: it begins with room for these. */
#define TABLE_ROOM 16384

/* To wake a thread for each costs more than to close it: so many, or those of so long, go together. Who
 * waits for the end of a file that was passed notices; a client has seen that of its connection. */
static const struct {
	uint32_t most;
	uint64_t us;
} together[REMAINS] = {
	[REMAINS_PASSED] = {DIGGER_ROOM, 1000},
	[REMAINS_CONNECTION] = {16, 10000},
};

static int undertaker_ready(struct source *source, uint32_t events)
{
	struct undertaker *u = container_of(source, struct undertaker, source);
	uint64_t count;
	ssize_t n = read(source->fd, &count, sizeof(count));

	(void)n;
	(void)events;
	undertaker_settle(u);
	return 0;
}

/* No descriptor has a number that `next` has no place for. */
static int table_init(struct undertaker *u)
{
	struct rlimit files;
	int highest;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return -errno;
	if (files.rlim_max > FDS_MAX) {
		files.rlim_max = FDS_MAX;
		files.rlim_cur = files.rlim_cur < FDS_MAX ? files.rlim_cur : FDS_MAX;
		if (setrlimit(RLIMIT_NOFILE, &files) < 0)
			return -errno;
	}
	highest = (int)(files.rlim_cur < TABLE_ROOM ? files.rlim_cur : TABLE_ROOM) - 1;
	highest = fcntl(u->source.fd, F_DUPFD_CLOEXEC, highest);
	if (highest >= 0)
		close(highest);
	u->next = mmap(NULL, FDS_MAX * sizeof(int), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return u->next == MAP_FAILED ? -errno : 0;
}

int undertaker_init(struct undertaker *u)
{
	u->source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (u->source.fd < 0)
		return -errno;
	list_init(&u->busy);
	for (int i = 0; i < REMAINS; i++) {
		u->crews[i].undertaker = u;
		list_init(&u->crews[i].waiting);
		list_init(&u->crews[i].idle);
	}
	return table_init(u);
}

int undertaker_start(struct undertaker *u)
{
	int r = undertaker_init(u);

	for (uint32_t i = 0; r == 0 && i < ARRAY_SIZE(u->diggers); i++) {
		enum remains kind = i % (ARRAY_SIZE(u->diggers) / DIGGERS_CONNECTION) == 0
					    ? REMAINS_CONNECTION
					    : REMAINS_PASSED;

		r = digger_start(&u->diggers[i], u->source.fd);
		if (r < 0)
			break;
		list_append(&u->crews[kind].idle, &u->diggers[i].link);
		u->crews[kind].reserved = RESERVED(++u->crews[kind].idle_n);
	}
	/* one of each will do */
	return r < 0 && !(list_is_linked(&u->diggers[1].link)) ? r : 0;
}

int undertaker_serve(struct undertaker *u, struct bus *bus)
{
	int r = source_init(&u->source, &bus->loop, u->source.fd, EPOLLIN, undertaker_ready);

	if (r < 0)
		return r;
	u->bus = bus;
	bus->users.undertaker = u;
	return 0;
}

/* `n` of the estate are closed, or will be by the end of the process. */
static void estate_shrink(struct estate *e, uint32_t n)
{
	struct users *users = e->user->users;

	if (e->kind == REMAINS_CONNECTION) {
		users->connections -= n;
	} else {
		users->fds -= n;
		e->user->fds -= n;
	}
	e->dug -= n;
	if (n > 0 && e->dug == 0 && e->waits == 0)
		user_unref(e->user);
}

/* What is nobody's is closed in no time. */
static bool estate_is_first(const struct estate *e)
{
	return user_is_privileged(e->user) || e->user == &e->user->users->stranger;
}

static uint32_t diggers_most(const struct estate *e)
{
	return estate_is_first(e) ? PRIVILEGED_DIGGERS : 1;
}

static void estate_queue(struct undertaker *u, struct estate *e)
{
	struct list *waiting = &u->crews[e->kind].waiting;

	if (e->waits == 0 || e->diggers >= diggers_most(e) || list_is_linked(&e->link))
		return;
	if (estate_is_first(e))
		list_prepend(waiting, &e->link);
	else
		list_append(waiting, &e->link);
}

void undertake(struct user *user, enum remains kind, int fd)
{
	struct undertaker *u = user->users->undertaker;
	struct estate *e = &user->estates[kind];

	if (!u) {
		/* no bus but a test of one */
		user->users->connections -= kind == REMAINS_CONNECTION;
		close(fd);
		return;
	}
	if (kind == REMAINS_PASSED) {
		user->fds++;
		user->users->fds++;
	}
	assert((uint32_t)fd < FDS_MAX);
	if (user_remains(user, kind) == 0)
		user_ref(user);
	u->next[fd] = -1;
	if (e->waits++ == 0)
		e->first = fd;
	else
		u->next[e->last] = fd;
	e->last = fd;
	estate_queue(u, e);
	if (++u->crews[kind].fresh >= DIGGER_ROOM)
		undertaker_send(u);
}

static void digger_fill(struct undertaker *u, struct digger *d, struct estate *e)
{
	d->estate = e;
	d->settled = d->ticks = d->watched = d->n = 0;
	while (e->waits > 0 && d->n < DIGGER_ROOM) {
		d->fds[d->n++] = e->first;
		e->first = u->next[e->first];
		e->waits--;
	}
	e->dug += d->n;
	e->diggers++;
}

static int watch(struct timer *timer);

/* The first who waits, if there is a digger for it: none for the first is none for the others. */
static struct estate *estate_next(const struct crew *crew)
{
	struct estate *e;

	if (list_is_empty(&crew->waiting))
		return NULL;
	e = list_entry(crew->waiting.next, struct estate, link);
	return crew->idle_n > (estate_is_first(e) ? 0 : crew->reserved) ? e : NULL;
}

static void wake(struct crew *crew)
{
	struct undertaker *u = crew->undertaker;

	for (struct estate *e; (e = estate_next(crew));) {
		struct digger *d = list_entry(crew->idle.next, struct digger, link);

		list_unlink(&e->link);
		list_unlink(&d->link);
		crew->idle_n--;
		list_append(&u->busy, &d->link);
		digger_fill(u, d, e);
		estate_queue(u, e);
		digger_send(d);
		if (!list_is_linked(&u->watch.link))
			timer_arm(&u->watch, &u->bus->loop, WATCH_US, watch);
	}
}

static int crew_due(struct timer *timer)
{
	struct crew *crew = container_of(timer, struct crew, due);

	crew->fresh = 0;
	wake(crew);
	return 0;
}

void undertaker_send(struct undertaker *u)
{
	for (int i = 0; u && i < REMAINS; i++) {
		struct crew *crew = &u->crews[i];

		if (crew->fresh == 0)
			continue;
		if (crew->fresh >= together[i].most || users_are_many(&u->bus->users))
			crew_due(&crew->due);
		else if (!list_is_linked(&crew->due.link))
			timer_arm(&crew->due, &u->bus->loop, together[i].us, crew_due);
	}
}

static void digger_rest(struct undertaker *u, struct digger *d)
{
	struct estate *e = TAKE(d->estate);

	list_unlink(&d->link);
	list_prepend(&u->crews[e->kind].idle, &d->link);
	u->crews[e->kind].idle_n++;
	e->diggers--;
	estate_queue(u, e);
}

void undertaker_settle(struct undertaker *u)
{
	list_for_each_safe (at, &u->busy) {
		struct digger *d = list_entry(at, struct digger, link);
		struct estate *e = d->estate;
		uint32_t done = atomic_load(&d->done), fresh = done - d->settled;

		d->settled = done;
		if (done == d->n)
			digger_rest(u, d);
		estate_shrink(e, fresh);
	}
	for (int i = 0; i < REMAINS; i++)
		wake(&u->crews[i]);
	streams_resume(u->bus);
	if (!users_are_many(&u->bus->users))
		listeners_resume(u->bus);
}

static void say(struct estate *e)
{
	uint64_t now = loop_now();

	if (e->said && now - e->said < SAY_US)
		return;
	e->said = now;
	log_warning("Closing what uid=%u %s takes long: %u descriptors wait for it", e->user->uid,
		e->kind == REMAINS_PASSED ? "passed" : "left in its connections",
		user_remains(e->user, e->kind));
}

/* Who is held up by whom. */
static int watch(struct timer *timer)
{
	struct undertaker *u = container_of(timer, struct undertaker, watch);

	undertaker_settle(u);
	list_for_each (at, &u->busy) {
		struct digger *d = list_entry(at, struct digger, link);

		if (d->watched != d->settled)
			d->ticks = 0;
		d->watched = d->settled;
		if (d->ticks++ >= WATCH_TICKS)
			say(d->estate);
	}
	if (!list_is_empty(&u->busy))
		timer_arm(&u->watch, &u->bus->loop, WATCH_US, watch);
	return 0;
}

static void user_leave(struct user *user)
{
	for (int i = 0; i < REMAINS; i++) {
		struct estate *e = &user->estates[i];

		list_unlink(&e->link);
		e->dug += e->waits;
		e->waits = 0;
		estate_shrink(e, e->dug);
	}
}

void undertaker_leave(struct undertaker *u)
{
	struct users *users;

	if (!u)
		return;
	users = &u->bus->users;
	for (struct user *user = users->table, *next; user; user = next) {
		next = user->hh.next;
		user_ref(user);
		user_leave(user);
		user_unref(user);
	}
	user_leave(&users->stranger);
	users->undertaker = NULL;
	timer_cancel(&u->watch);
	for (int i = 0; i < REMAINS; i++)
		timer_cancel(&u->crews[i].due);
	source_fini(&u->source);
}
