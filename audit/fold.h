/*
 * fold.h - decisions that differ in nothing but the time become one record and a number. What a user
 * repeats costs a look-up; of what it varies only so much is told apart, the rest is counted together,
 * so that nobody fills the memory, or the trail that others' records have to go through.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "policy/verdict.h"

#define FOLD_SECONDS 5
#define FOLD_USER_MAX                                                                              \
	64 /* different decisions of one user under way; then one for all others of an outcome */
#define FOLD_MAX 4096 /* of all users */

struct fold_key {
	uint64_t bits[2];
};

/* A decision under way: on record once, and watched for a while for more of the same. */
struct fold {
	struct fold_key key;
	struct list link; /* folds.queue, the first that is due at its head */
	uint64_t due; /* microseconds, CLOCK_MONOTONIC */
	uint32_t uid;
	bool others; /* counts together what is not told apart */
	uint64_t count; /* decisions that are not on record yet */
	uint8_t *letter; /* the first one's fields, as record_write left them */
	size_t size;
	UT_hash_handle hh;
};

struct folds {
	struct fold *table;
	struct list queue;
	struct fold_user *users;
	uint32_t n;
};

void folds_init(struct folds *folds);
void folds_fini(struct folds *folds);

/* The one under way that this decision belongs to, counted there; or NULL, and *ret_new is begun for
 * it, with a count of one (NULL where memory is short: the decision is not folded). */
struct fold *folds_count(struct folds *folds, const struct request *request,
	const struct verdict *verdict, uint64_t now, struct fold **ret_new);
/* The first in the queue if it is due, else NULL. */
struct fold *folds_due(const struct folds *folds, uint64_t now);
/* Watches it for another while. */
void fold_again(struct folds *folds, struct fold *fold, uint64_t now);
void fold_free(struct folds *folds, struct fold *fold);
