/*
 * outside.h - a program started by dbus-warden-starter, outside of the walls that systemd has put
 * around the bus. Zero-initialised means that none is.
 */
#pragma once

#include "base/loop.h"
#include "link/launch_starter.h"

struct outside;
/* `result`: as child_start()'s; 0: it ended with `status`, waitpid's. The connection is gone and the
 * outside may be freed. <0 ends the loop. */
typedef int (*outside_fn)(struct outside *outside, int result, int status);

struct outside {
	struct source source;
	outside_fn ended;
	bool running;
};

/* 0; -ENOENT, -ECONNREFUSED and the like where there is no starter, and nothing has happened. */
int outside_start(struct outside *outside, struct loop *loop, const struct starter_order *order,
	outside_fn ended);
/* Has it killed; its end is told as ever. */
void outside_kill(struct outside *outside);
/* Forgets one that goes on by itself; harmless if none is. */
void outside_forget(struct outside *outside);
