/*
 * subject.h - a connection as the policy sees it: what the kernel said of it at connect, and the
 * sections of the image that speak to it. Sections are shared runs of the image, so that a
 * connection's memory does not grow with the number of rules.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/image.h"
#include "policy/mac_label.h"

#define ID_NONE UINT32_MAX

/* Who it is; texts are owned by whoever fills this in, NULL where unknown. */
struct identity {
	uint32_t uid; /* ID_NONE: unknown (anonymous) */
	uint32_t *groups; /* ascending, without doubles, primary group included */
	uint32_t groups_n;
	int32_t pid; /* 0: unknown */
	uint32_t loginuid; /* ID_NONE: unset or unknown */
	uint32_t sessionid; /* ID_NONE: unset or unknown */
	char *comm, *unit; /* unit: as of base/process.h */
	char *slices; /* the slices that it is in, outermost first, a blank between them */
	char *label; /* MAC label, without the final NUL in label_size */
	uint32_t label_size;
	/* the same as the MAC judges know it, numbered; NULL where none goes by it */
	const struct mac_label *mac;
};

struct subject {
	const struct identity *identity;
	/* in the order in which they are read: the last fitting rule of the last section decides */
	const struct section **sections; /* owned */
	uint32_t sections_n;
	const struct image *image;
	/* Under one image equal only where the sections are; 0: too many to tell. A judge that goes by
	 * more of the identity than its sections must bring that into the key of the flow cache, as
	 * the number of the MAC label is. */
	uint64_t id[2];
};

/* Sections for `identity` under `image`: default, groups by ascending gid, user, not-at-console,
 * units, labels (each in the order of their patterns), mandatory (policy-semantics 1.2, 1.3). 0 or -ENOMEM; *ret untouched on failure. */
int subject_init(struct subject *ret, const struct image *image, const struct identity *identity);
void subject_fini(struct subject *subject);

/* The limits of a connection for which some differ from those of all: true, and all of them in `ret`;
 * of `names` it is the owner. False: none differs. */
bool limits_of(const struct image *image, const struct identity *identity,
	const struct slice *names, uint32_t names_n, int64_t ret[LIMITS]);
/* Whether a <limit> of some is one of theirs; of those about one limit the last that is decides. */
bool override_fits(const struct image *image, const struct override *o,
	const struct identity *identity, const struct slice *names, uint32_t names_n);
/* Whether they depend on the names. */
bool limits_by_name(const struct image *image);
