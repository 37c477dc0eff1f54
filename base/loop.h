/*
 * loop.h - one epoll set, level-triggered, with sources embedded in their owners, timers and
 * signals. A callback's negative return ends the loop with that value: only the process's own
 * failures may travel that way, never a peer's.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/list.h"

struct loop;
struct source;
struct timer;

typedef int (*source_fn)(struct source *source, uint32_t events); /* events: EPOLLIN ... */
typedef int (*timer_fn)(struct timer *timer);

/* Embedded in its user; recover the user with container_of. */
struct source {
	struct loop *loop;
	int fd; /* borrowed: the user closes it, after source_fini */
	uint32_t events;
	source_fn ready;
};

/* A deadline; one-shot. Zero-initialised means not armed. */
struct timer {
	struct loop *loop;
	struct list link; /* loop.timers, earliest first */
	uint64_t at; /* microseconds, CLOCK_MONOTONIC */
	timer_fn due;
};

struct loop {
	int epoll_fd;
	bool stopping;
	struct list timers;
	/* told before all others of its round, and in a round with more events than one takes even if
	 * there may be nothing: what it brings holds for whatever else came with it. May be NULL. */
	struct source *first;
	/* run after each round of callbacks, before sleeping; may be NULL */
	int (*round)(struct loop *loop);
	/* the round being dispatched: a source that goes away blanks its events here */
	struct epoll_event *pending;
	int pending_n;
};

int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);
/* Runs until loop_stop (returns 0) or a callback fails (returns its value). */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
uint64_t loop_now(void);

/* 0 or -errno. */
int source_init(struct source *source, struct loop *loop, int fd, uint32_t events, source_fn ready);
int source_set(struct source *source, uint32_t events);
/* Harmless on a zeroed source, and inside any callback. */
void source_fini(struct source *source);

/* Arms, or moves, a timer to `after` microseconds from now. */
void timer_arm(struct timer *timer, struct loop *loop, uint64_t after, timer_fn due);
void timer_cancel(struct timer *timer);

/* A signalfd for `set` (also blocks it in the process), close-on-exec; -errno on failure. */
int signals_open(const sigset_t *set);
