/*
 * lane.c - a lane has a pair for each recipient that it stands for. Pairs are found by sender and
 * recipient, and by recipient alone when something becomes of that one.
 */
#include <errno.h>
#include <stdlib.h>

#include "broker/lane.h"

struct lane_key {
	uint64_t sender, recipient;
};

struct lane_pair {
	struct lane_key key;
	struct lane *lane;
	struct list lane_link; /* lane.pairs */
	struct list target_link; /* lane_target.pairs */
	struct lane_target *target;
	UT_hash_handle hh; /* lanes.pairs */
};

struct lane_target {
	uint64_t recipient;
	struct list pairs;
	UT_hash_handle hh; /* lanes.targets */
};

static struct lane_pair *pair_find(const struct lanes *lanes, uint64_t sender, uint64_t recipient)
{
	struct lane_key key = {sender, recipient};
	struct lane_pair *pair;

	HASH_FIND(hh, lanes->pairs, &key, sizeof(key), pair);
	return pair;
}

static struct lane_target *target_find(const struct lanes *lanes, uint64_t recipient)
{
	struct lane_target *target;

	HASH_FIND(hh, lanes->targets, &recipient, sizeof(recipient), target);
	return target;
}

struct lane *lane_find(const struct lanes *lanes, uint64_t sender, uint64_t recipient)
{
	struct lane_pair *pair = pair_find(lanes, sender, recipient);

	return pair ? pair->lane : NULL;
}

static void target_put(struct lanes *lanes, struct lane_target *target)
{
	if (!list_is_empty(&target->pairs))
		return;
	HASH_DELETE(hh, lanes->targets, target);
	free(target);
}

static struct lane_target *target_get(struct lanes *lanes, uint64_t recipient)
{
	struct lane_target *target = target_find(lanes, recipient);

	if (target)
		return target;
	target = calloc(1, sizeof(*target));
	if (!target)
		return NULL;
	target->recipient = recipient;
	list_init(&target->pairs);
	HASH_ADD(hh, lanes->targets, recipient, sizeof(target->recipient), target);
	if (!hash_failed())
		return target;
	free(target);
	return NULL;
}

static void pair_free(struct lanes *lanes, struct lane_pair *pair)
{
	HASH_DELETE(hh, lanes->pairs, pair);
	list_unlink(&pair->lane_link);
	list_unlink(&pair->target_link);
	target_put(lanes, pair->target);
	free(pair);
}

static int pair_add(struct lane *lane, uint64_t sender, uint64_t recipient)
{
	struct lanes *lanes = lane->lanes;
	struct lane_target *target = target_get(lanes, recipient);
	struct lane_pair *pair = target ? calloc(1, sizeof(*pair)) : NULL;

	if (pair) {
		*pair = (struct lane_pair){
			.key = {sender, recipient}, .lane = lane, .target = target};
		HASH_ADD(hh, lanes->pairs, key, sizeof(pair->key), pair);
		if (!hash_failed()) {
			list_append(&lane->pairs, &pair->lane_link);
			list_append(&target->pairs, &pair->target_link);
			return 0;
		}
		free(pair);
	}
	if (target)
		target_put(lanes, target);
	return -ENOMEM;
}

static struct lane *lane_new(struct lanes *lanes)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return NULL;
	lane->lanes = lanes;
	list_init(&lane->waiting);
	list_init(&lane->pairs);
	return lane;
}

static void lane_put(struct lane *lane)
{
	if (lane->held || !list_is_empty(&lane->waiting))
		return;
	list_for_each_safe (at, &lane->pairs)
		pair_free(lane->lanes, list_entry(at, struct lane_pair, lane_link));
	free(lane);
}

/* Behind the last that came earlier. */
static void lane_insert(struct lane *lane, struct lane_place *w)
{
	struct list *at = &lane->waiting;

	while (at->prev != &lane->waiting &&
		list_entry(at->prev, struct lane_place, link)->number > w->number)
		at = at->prev;
	list_append(at, &w->link);
	w->lane = lane;
}

/* Both are in order; what came together stays together. */
static struct lane *lanes_merge(struct lane *into, struct lane *from)
{
	struct list *at;

	if (into == from)
		return into;
	if (from->held) {
		struct lane *other = into;

		into = from;
		from = other;
	}
	at = into->waiting.next;
	while (!list_is_empty(&from->waiting)) {
		struct lane_place *w = list_entry(from->waiting.next, struct lane_place, link);

		while (at != &into->waiting &&
			list_entry(at, struct lane_place, link)->number <= w->number)
			at = at->next;
		list_unlink(&w->link);
		list_append(at, &w->link);
		w->lane = into;
	}
	list_for_each_safe (p, &from->pairs) {
		struct lane_pair *pair = list_entry(p, struct lane_pair, lane_link);

		list_unlink(&pair->lane_link);
		list_append(&into->pairs, &pair->lane_link);
		pair->lane = into;
	}
	free(from);
	return into;
}

/* The lane stands for one recipient more: it, or what it has become. NULL for want of memory. */
static struct lane *lane_extend(struct lane *lane, uint64_t sender, uint64_t recipient)
{
	struct lane_pair *pair = pair_find(lane->lanes, sender, recipient);

	if (pair)
		return lanes_merge(lane, pair->lane);
	return pair_add(lane, sender, recipient) == 0 ? lane : NULL;
}

/* The one lane that stands for any of them already, or a new one. */
static struct lane *lane_get(
	struct lanes *lanes, uint64_t sender, const uint64_t *recipients, uint32_t n)
{
	struct lane *lane = NULL;

	for (uint32_t i = 0; i < n; i++) {
		struct lane *other = lane_find(lanes, sender, recipients[i]);

		if (other)
			lane = lane ? lanes_merge(lane, other) : other;
	}
	return lane ? lane : lane_new(lanes);
}

int lane_join(struct lanes *lanes, struct lane_place *w, uint64_t sender,
	const uint64_t *recipients, uint32_t n)
{
	struct lane *lane = lane_get(lanes, sender, recipients, n);

	if (!lane)
		return -ENOMEM;
	if (!w->number)
		w->number = ++lanes->number;
	lane_insert(lane, w);
	for (uint32_t i = 0; i < n; i++) {
		if (!lane_extend(w->lane, sender, recipients[i])) {
			lane_leave(w);
			return -ENOMEM;
		}
	}
	return 0;
}

int lanes_extend(struct lanes *lanes, uint64_t from, uint64_t to)
{
	struct lane_target *target = target_find(lanes, from);
	int r = 0;

	if (!target)
		return 0;
	/* the list stays as it is: pairs change their lane, but not whom they are for */
	list_for_each (at, &target->pairs) {
		struct lane_pair *pair = list_entry(at, struct lane_pair, target_link);

		if (!lane_extend(pair->lane, pair->key.sender, to))
			r = -ENOMEM;
	}
	return r;
}

struct lane *lanes_forget(struct lanes *lanes, uint64_t recipient)
{
	struct lane_target *target = target_find(lanes, recipient);
	struct lane_pair *pair;
	struct lane *lane;

	if (!target)
		return NULL;
	pair = list_entry(target->pairs.next, struct lane_pair, target_link);
	lane = pair->lane;
	pair_free(lanes, pair);
	return lane;
}

void lane_leave(struct lane_place *w)
{
	struct lane *lane = w->lane;

	if (!lane)
		return;
	list_unlink(&w->link);
	w->lane = NULL;
	lane_put(lane);
}

struct lane_place *lane_first(const struct lane *lane)
{
	return list_is_empty(&lane->waiting)
		       ? NULL
		       : list_entry(lane->waiting.next, struct lane_place, link);
}

void lane_hold(struct lane *lane)
{
	lane->held = true;
}

void lane_release(struct lane *lane)
{
	lane->held = false;
	lane_put(lane);
}
