/* person.h - one end of a question: who it is, which sections speak to it, what names it owns */
#pragma once

#include "ctl/policy.h"
#include "policy/request.h"

/* Points into itself: it must not be moved. */
struct person {
	struct identity identity; /* texts and groups owned */
	struct subject subject;
	struct party party;
	struct slice *names; /* owned list of borrowed texts */
	struct live_peer live; /* where it was asked of a running bus */
};

/* What somebody is called; the lists may be NULL. */
struct description {
	const char *user; /* a name or a number */
	const char *unit, *label; /* NULL: it has none */
	/* groups: in place of those in the user database, if there are any; names: borrowed */
	const struct words *groups, *slices, *names;
};

/* 0 or -1, told to standard error. */
int person_init(
	struct person *ret, const struct policy *policy, const struct description *description);
/* The same by numbers, which need not be known to anybody: `like` is copied. */
int person_init_like(struct person *ret, const struct image *image, const struct identity *like);
/* A connection of the running bus. 0; 1: there is none; -1, told. */
int person_init_live(struct person *ret, const struct policy *policy, const char *name);
void person_fini(struct person *p);
/* "user 5 (groups 5,6; unit a.service; ...)" */
void person_describe(const struct person *p, FILE *to);
