/*
 * loop.c - epoll, level-triggered: a source is told again while it has something to do, so nobody
 * reads a socket a second time only to see EAGAIN. Timers are a sorted list: a bus has few, nearly
 * all with the same few durations, so insertion from the back is short.
 */
#include <assert.h>
#include <errno.h>
#include <sys/signalfd.h>
#include <time.h>

#include "base/loop.h"

#define ROUND_EVENTS 64

int loop_init(struct loop *loop)
{
	*loop = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	list_init(&loop->timers);
	return loop->epoll_fd < 0 ? -errno : 0;
}

void loop_fini(struct loop *loop)
{
	if (loop->epoll_fd > 0)
		close(loop->epoll_fd);
	loop->epoll_fd = -1;
}

uint64_t loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

static int run_timers(struct loop *loop)
{
	while (!list_is_empty(&loop->timers)) {
		struct timer *t = list_entry(loop->timers.next, struct timer, link);
		int r;

		if (t->at > loop_now())
			return 0;
		list_unlink(&t->link);
		r = t->due(t);
		if (r < 0)
			return r;
	}
	return 0;
}

/* For how many milliseconds there is nothing to do but for sources; -1: for ever. */
static int timers_wait(const struct loop *loop)
{
	uint64_t at, now, ms;

	if (list_is_empty(&loop->timers))
		return -1;
	at = list_entry(loop->timers.next, struct timer, link)->at;
	now = loop_now();
	ms = at > now ? (at - now + 999) / 1000 : 0;
	return ms > 3600000 ? 3600000 : (int)ms;
}

/* The first of the round, taken out of `events`. */
static int run_first(struct loop *loop, struct epoll_event *events, int n)
{
	struct source *s = loop->first;
	uint32_t what = n == ROUND_EVENTS ? EPOLLIN : 0;

	for (int i = 0; i < n && s; i++) {
		if (events[i].data.ptr != s)
			continue;
		what = events[i].events;
		events[i].data.ptr = NULL;
	}
	return s && what ? s->ready(s, what) : 0;
}

static int run_sources(struct loop *loop, struct epoll_event *events, int n)
{
	int r;

	loop->pending = events;
	loop->pending_n = n;
	r = run_first(loop, events, n);
	for (int i = 0; i < n && r >= 0; i++) {
		struct source *s = events[i].data.ptr;

		if (s)
			r = s->ready(s, events[i].events);
	}
	loop->pending = NULL;
	loop->pending_n = 0;
	return r;
}

int loop_run(struct loop *loop)
{
	struct epoll_event events[ROUND_EVENTS];

	while (!loop->stopping) {
		int n, r;

		r = run_timers(loop);
		if (r < 0)
			return r;
		if (loop->round) {
			r = loop->round(loop);
			if (r < 0)
				return r;
		}
		if (loop->stopping)
			break;
		/* the round may have armed one, too */
		n = epoll_wait(loop->epoll_fd, events, ROUND_EVENTS, timers_wait(loop));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			r = run_sources(loop, events, n);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int source_init(struct source *source, struct loop *loop, int fd, uint32_t events, source_fn ready)
{
	struct epoll_event e = {.events = events, .data.ptr = source};

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0)
		return -errno;
	*source = (struct source){loop, fd, events, ready};
	return 0;
}

int source_set(struct source *source, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = source};

	if (source->events == events)
		return 0;
	if (epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &e) < 0)
		return -errno;
	source->events = events;
	return 0;
}

void source_fini(struct source *source)
{
	if (!source->loop)
		return;
	for (int i = 0; i < source->loop->pending_n; i++) {
		if (source->loop->pending[i].data.ptr == source)
			source->loop->pending[i].data.ptr = NULL;
	}
	epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->loop = NULL;
}

void timer_arm(struct timer *timer, struct loop *loop, uint64_t after, timer_fn due)
{
	struct list *at = &loop->timers;

	list_unlink(&timer->link);
	timer->loop = loop;
	timer->due = due;
	timer->at = loop_now() + after;
	while (at->prev != &loop->timers &&
		list_entry(at->prev, struct timer, link)->at > timer->at)
		at = at->prev;
	list_append(at, &timer->link);
}

void timer_cancel(struct timer *timer)
{
	list_unlink(&timer->link);
}

int signals_open(const sigset_t *set)
{
	int fd;

	if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}
