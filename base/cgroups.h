/*
 * cgroups.h - the paths of the cgroups that peers are in: for a number that the kernel tells at once it
 * need not write down the path again. A cgroup keeps its number and its path for as long as it lives,
 * and no other one ever has its number.
 */
#pragma once

#include "base/hash.h"

#define CGROUPS_MAX 1024 /* remembered; then all are forgotten */

struct cgroup {
	uint64_t id;
	UT_hash_handle hh;
	char text[]; /* of a /proc/PID/cgroup, its line "0::..." at least */
};

struct cgroups {
	struct cgroup *table;
};

void cgroups_fini(struct cgroups *cgroups);
/* NULL: not known. Good until the next cgroups_add. */
const char *cgroups_find(const struct cgroups *cgroups, uint64_t id);
/* Where there is no memory it is not remembered. */
void cgroups_add(struct cgroups *cgroups, uint64_t id, const char *text);
