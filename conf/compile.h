/* compile.h - from a configuration file to the bytes of an image */
#pragma once

#include "conf/reading.h"

/* A fragment (a file of system.d, say) need not be a whole configuration. */
enum { COMPILE_FRAGMENT = 1 };

void compilation_init(struct compilation *c, const struct site *site);
void compilation_fini(struct compilation *c);

/*
 * Compiles the file `path` (absolute), read from `fd` if that is not -1. 0: *ret_data, to be freed;
 * FAULT_CONFIG: no image, c->complaints say why, those of level LOG_CRIT above all; or -ENOMEM, or
 * -E2BIG if the image would be too large. Complaints are in the image, and in `c` too.
 */
int compile(struct compilation *c, const char *path, int fd, unsigned int options, void **ret_data,
	size_t *ret_size);
