/*
 * exes.h - which program each connection was when it came. Who will be gone when there is something to
 * record can be looked at only then; so the broker tells us of every connection, in letters of their
 * own channel (link/launch_broker.h), and the recorder asks us when it needs to know.
 */
#pragma once

#include "base/loop.h"
#include "base/slice.h"
#include "link/launch_broker.h"

#define EXES 1024 /* connections that are remembered */
#define EXE_MAX 255

struct exe;

struct exes {
	int channel; /* to the broker; -1 */
	struct source source;
	struct exe *known; /* EXES of them */
	unsigned int next;
};

/* *ret_channel is the broker's end, to be closed here after it was sent. 0 or -errno. */
int exes_start(struct exes *exes, struct loop *loop, int *ret_channel);
/* Harmless where it was not started. */
void exes_stop(struct exes *exes);
/* What this connection of this process was; empty: unknown. */
struct slice exes_find(const struct exes *exes, const struct broker_greeting *who);
