/*
 * policy.h - the policy that is asked: compiled here from configuration files, a compiled image from
 * a file, or the one that a running bus uses.
 */
#pragma once

#include "conf/compile.h"
#include "ctl/live.h"
#include "ctl/options.h"

struct policy {
	struct image image; /* header is NULL if there is none */
	struct site site; /* `home` is owned */
	struct compilation
		compilation; /* its complaints are all there is where no image came of it */
	struct live *live; /* NULL, or the bus it comes from */
	uint64_t generation; /* of the live policy */
	void *data; /* owned: the image */
	const void *mapped; /* owned: the image that a running bus handed out */
	size_t size;
};

/*
 * What the options name; without any, the shipped configuration. Several files count as if they
 * were included one after another. 0 or -1, after telling standard error why. policy_close in
 * any case.
 */
int policy_open(struct policy *ret, const struct options *o);
/* One configuration file (or fragment of one), or an image; nothing is told of complaints, which are
 * in the image, or in the compilation if there is no image (-1). */
int policy_open_quietly(struct policy *ret, const char *path);
void policy_close(struct policy *p);
