/* person.h - one end of a question: who it is, which sections speak to it, what names it owns */
#pragma once

#include "ctl/policy.h"
#include "policy/request.h"

/* Points into itself: it must not be moved. */
struct person {
	struct identity identity; /* groups owned */
	struct subject subject;
	struct party party;
	struct slice *names; /* owned list of borrowed texts */
	struct live_peer live; /* where it was asked of a running bus */
};

/*
 * `user`: a name or a number, with the groups of the user database, or those of `groups` where it
 * has some. `names`: bus names, borrowed. 0 or -1, told to standard error.
 */
int person_init(struct person *ret, const struct policy *policy, const char *user,
	const struct words *groups, const struct words *names);
/* The same with numbers, which need not be known to anybody. */
int person_init_ids(struct person *ret, const struct image *image, uint32_t uid,
	const uint32_t *groups, uint32_t groups_n);
/* A connection of the running bus. 0; 1: there is none; -1, told. */
int person_init_live(struct person *ret, const struct policy *policy, const char *name);
void person_fini(struct person *p);
