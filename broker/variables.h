/*
 * variables.h - how much UpdateActivationEnvironment has set so far. Every program that is started
 * carries the variables, launch keeps them as long as the bus lives: so they have an end
 * (link/launch_broker.h), and who goes beyond it is told. What they say is launch's alone.
 */
#pragma once

#include "base/hash.h"
#include "base/slice.h"

struct variable;

/* Zero-initialised: nothing is set. */
struct variables {
	struct variable *table; /* by name */
	uint64_t bytes;
};

/* Counts what is to be set, names and values in turn: 0, FAULT_LIMITS, -ENOMEM. Whatever it says,
 * variables_settle() comes next. */
int variables_count(struct variables *v, const struct slice *texts, uint32_t n);
/* Keeps what was counted, or takes it back. */
void variables_settle(struct variables *v, bool keep);
void variables_fini(struct variables *v);
