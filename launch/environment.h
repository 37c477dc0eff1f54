/* environment.h - variables for the services that the bus starts; never our own: what the broker
 * sends must not reach a program that runs with more rights than it has */
#pragma once

#include "base/slice.h"

#define ENVIRONMENT_MAX 4096

/* Zero-initialised is empty. */
struct environment {
	char **array; /* owned "NAME=value" texts, NULL at the end */
	size_t n;
	size_t bytes; /* as launch_broker.h counts them */
	size_t bytes_max; /* 0: as many as there are */
};

/* Sets or replaces. 0; -ENOMEM; -EINVAL for what cannot be a variable, -E2BIG if there are too
 * many, or too long ones. */
int environment_set(struct environment *e, struct slice name, struct slice value);
int environment_copy(struct environment *e, char *const *from);
void environment_unset(struct environment *e, const char *name);
void environment_fini(struct environment *e);
