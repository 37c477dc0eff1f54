/* grant.h - polkit's word on one message, as the gate takes it and as it is told */
#pragma once

#include "policy/request.h"

struct grant {
	struct consent consent; /* its texts lie here */
	uint32_t refs;
	int fault; /* what its sender is told where the consent is denied */
	const char *why; /* and what is added to that: a constant */
	char text[256];
	char action[];
};

/* Not authorised, until somebody says so. NULL for want of memory. */
struct grant *grant_new(struct slice action);
struct grant *grant_ref(struct grant *grant);
void grant_unref(struct grant *grant); /* harmless on NULL */
