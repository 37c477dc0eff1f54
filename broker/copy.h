/*
 * copy.h - a message that has to wait: its bytes and descriptors, charged to its sender, and what
 * polkit said of it
 */
#pragma once

#include "broker/account.h"
#include "broker/grant.h"

struct transit;

struct copy {
	struct charge charge;
	struct grant *grant; /* owned; NULL: polkit was not asked */
	uint64_t number; /* its place among what waits (lane.h); 0: it has none yet */
	size_t size;
	uint32_t fds_n;
	int *fds; /* behind the bytes */
	uint8_t bytes[];
};

/* The grant of the transit goes with it. NULL for want of memory, descriptors or quota. */
struct copy *copy_new(struct transit *t);
void copy_free(struct copy *copy);
