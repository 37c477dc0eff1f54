/*
 * test_name.c - names and their queues: every pair of flags, and random requests, releases and ends
 * of peers against a model of what the specification says
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/name.h"
#include "broker/peer.h"
#include "tests/unit/draw.h"

#define PEERS 7
#define NAMES 5
#define ROUNDS 60000

static const struct slice texts[NAMES] = {
	SLICE("a.b"), SLICE("a.b.c"), SLICE("c.d"), SLICE("e.f"), SLICE("g.h")};

/* Who waits for a name, and who has it: the first. */
struct model_queue {
	int peer[PEERS];
	uint32_t flags[PEERS];
	int n;
};

struct world {
	struct names names;
	struct peer peers[PEERS];
	struct model_queue model[NAMES];
};

static void world_init(struct world *w)
{
	*w = (struct world){0};
	for (int i = 0; i < PEERS; i++) {
		struct peer *p = &w->peers[i];

		list_init(&p->owned);
		snprintf(p->unique_text, sizeof(p->unique_text), ":1.%d", i);
		p->unique_name = slice_of(p->unique_text);
		p->name = name_get(&w->names, p->unique_name);
		assert_non_null(p->name);
		p->name->unique = p;
		assert_int_equal(name_set_rebuild(p), 0);
	}
}

static int model_find(const struct model_queue *q, int peer)
{
	for (int i = 0; i < q->n; i++) {
		if (q->peer[i] == peer)
			return i;
	}
	return -1;
}

static void model_remove(struct model_queue *q, int at)
{
	q->n--;
	for (; at < q->n; at++) {
		q->peer[at] = q->peer[at + 1];
		q->flags[at] = q->flags[at + 1];
	}
}

static void model_insert(struct model_queue *q, int at, int peer, uint32_t flags)
{
	for (int i = q->n++; i > at; i--) {
		q->peer[i] = q->peer[i - 1];
		q->flags[i] = q->flags[i - 1];
	}
	q->peer[at] = peer;
	q->flags[at] = flags;
}

static uint32_t model_request(struct model_queue *q, int peer, uint32_t flags)
{
	int at = model_find(q, peer);

	if (at == 0) {
		q->flags[0] = flags;
		return REQUEST_ALREADY_OWNER;
	}
	if (q->n > 0 &&
		!((flags & NAME_REPLACE_EXISTING) && (q->flags[0] & NAME_ALLOW_REPLACEMENT))) {
		bool is_next = flags & NAME_REPLACE_EXISTING;

		if (at > 0 && (flags & NAME_DO_NOT_QUEUE || is_next))
			model_remove(q, at);
		else if (at > 0)
			q->flags[at] = flags;
		if (!(flags & NAME_DO_NOT_QUEUE) && (at < 0 || is_next))
			model_insert(q, is_next ? 1 : q->n, peer, flags);
		return flags & NAME_DO_NOT_QUEUE ? REQUEST_EXISTS : REQUEST_IN_QUEUE;
	}
	if (at > 0)
		model_remove(q, at);
	if (q->n > 0 && (q->flags[0] & NAME_DO_NOT_QUEUE))
		model_remove(q, 0);
	model_insert(q, 0, peer, flags);
	return REQUEST_PRIMARY_OWNER;
}

static uint32_t model_release(struct model_queue *q, int peer)
{
	int at = model_find(q, peer);

	if (q->n == 0)
		return RELEASE_NON_EXISTENT;
	if (at < 0)
		return RELEASE_NOT_OWNER;
	model_remove(q, at);
	return RELEASE_RELEASED;
}

static struct peer *model_owner(struct world *w, int name)
{
	return w->model[name].n ? &w->peers[w->model[name].peer[0]] : NULL;
}

static void check_queue(struct world *w, int at)
{
	struct name *name = name_find(&w->names, texts[at]);
	const struct model_queue *q = &w->model[at];
	int n = 0;

	if (!name) {
		assert_int_equal(q->n, 0);
		return;
	}
	/* a name that nobody wants is not kept */
	assert_true(q->n > 0);
	assert_ptr_equal(name_owner(name), model_owner(w, at));
	list_for_each (link, &name->queue) {
		struct owner *o = list_entry(link, struct owner, name_link);

		assert_true(n < q->n);
		assert_ptr_equal(o->peer, &w->peers[q->peer[n]]);
		assert_int_equal(o->flags, q->flags[n]);
		n++;
	}
	assert_int_equal(n, q->n);
}

static int set_find(const struct slice *set, uint32_t n, struct slice text)
{
	for (uint32_t i = 0; i < n; i++) {
		if (slice_equal(set[i], text))
			return (int)i;
	}
	return -1;
}

/* The unique name, then the names it owns, then those it waits for; each once. */
static void check_set(struct world *w, int who)
{
	const struct peer *p = &w->peers[who];
	uint32_t owned = 0, waiting = 0;

	assert_true(slice_equal(p->name_set[0], p->unique_name));
	for (int i = 0; i < NAMES; i++) {
		int at = model_find(&w->model[i], who);
		int in = set_find(p->name_set, p->party.names_n, texts[i]);

		owned += at == 0;
		waiting += at > 0;
		if (at < 0)
			assert_int_equal(in, -1);
		else if (at == 0)
			assert_true(in > 0 && (uint32_t)in < p->primary_n);
		else
			assert_true(in > 0 && (uint32_t)in >= p->primary_n);
	}
	assert_int_equal(p->primary_n, owned + 1);
	assert_int_equal(p->party.names_n, owned + waiting + 1);
	assert_ptr_equal(p->party.names, p->name_set);
	assert_int_equal(p->owned_n, owned + waiting);
	assert_true(p->owned_peak >= p->owned_n);
}

static void check(struct world *w)
{
	uint32_t owned = 0;

	for (int i = 0; i < NAMES; i++) {
		check_queue(w, i);
		owned += w->model[i].n > 0;
	}
	for (int i = 0; i < PEERS; i++)
		check_set(w, i);
	assert_int_equal(w->names.owned, owned);
}

static void check_change(
	struct world *w, int at, const struct name_change *change, struct peer *before)
{
	struct peer *after = model_owner(w, at);

	if (before == after) {
		assert_null(change->name);
		return;
	}
	assert_non_null(change->name);
	assert_true(slice_equal(change->name->text, texts[at]));
	assert_ptr_equal(change->from, before);
	assert_ptr_equal(change->to, after);
}

static uint32_t request(struct world *w, int peer, int at, uint32_t flags)
{
	struct peer *before = model_owner(w, at);
	uint32_t wanted = model_request(&w->model[at], peer, flags), code = 0;
	struct name_change change;

	assert_int_equal(
		name_request(&w->names, &w->peers[peer], texts[at], flags, &code, &change), 0);
	assert_int_equal(code, wanted);
	check_change(w, at, &change, before);
	return code;
}

static void release(struct world *w, int peer, int at)
{
	struct peer *before = model_owner(w, at);
	uint32_t wanted = model_release(&w->model[at], peer), code = 0;
	struct name_change change;

	name_release(&w->names, &w->peers[peer], texts[at], &code, &change);
	assert_int_equal(code, wanted);
	check_change(w, at, &change, before);
	name_put(change.name);
}

/* As when a connection ends. */
static void leave(struct world *w, int peer)
{
	struct peer *p = &w->peers[peer];

	while (!list_is_empty(&p->owned)) {
		struct owner *o = list_entry(p->owned.prev, struct owner, peer_link);
		struct name *name = o->name;
		int at = set_find(texts, NAMES, name->text);
		struct peer *before = model_owner(w, at);
		struct name_change change;

		model_release(&w->model[at], peer);
		owner_drop(o, &change);
		check_change(w, at, &change, before);
		name_put(name);
	}
}

static void world_fini(struct world *w)
{
	for (int i = 0; i < PEERS; i++) {
		leave(w, i);
		w->peers[i].name->unique = NULL;
		name_put(w->peers[i].name);
		free(w->peers[i].name_set);
	}
	assert_null(w->names.table);
	assert_int_equal(w->names.owned, 0);
}

/* All flags of an owner, of one who waits, and of one who comes, who perhaps waits already. */
static void test_flags(void **state)
{
	(void)state;
	for (uint32_t all = 0; all < 8 * 8 * 8 * 2; all++) {
		struct world w;

		world_init(&w);
		request(&w, 0, 0, all & 7);
		request(&w, 1, 0, all >> 3 & 7);
		check(&w);
		if (all >> 9)
			request(&w, 2, 0, 0);
		request(&w, 2, 0, all >> 6 & 7);
		check(&w);
		/* again: what it is now, with other flags */
		request(&w, 2, 0, 7 ^ (all >> 6 & 7));
		check(&w);
		release(&w, 0, 0);
		release(&w, 0, 0);
		check(&w);
		world_fini(&w);
	}
}

/* The table of the specification, in words, so that the model is no proof of itself. */
static const struct {
	uint32_t first, second, code;
	const char *queue;
} pairs[] = {
	{0, 0, REQUEST_IN_QUEUE, "01"},
	{0, NAME_REPLACE_EXISTING, REQUEST_IN_QUEUE, "01"},
	{0, NAME_DO_NOT_QUEUE, REQUEST_EXISTS, "0"},
	{NAME_ALLOW_REPLACEMENT, 0, REQUEST_IN_QUEUE, "01"},
	{NAME_ALLOW_REPLACEMENT, NAME_REPLACE_EXISTING, REQUEST_PRIMARY_OWNER, "10"},
	{NAME_ALLOW_REPLACEMENT | NAME_DO_NOT_QUEUE, NAME_REPLACE_EXISTING, REQUEST_PRIMARY_OWNER,
		"1"},
	{NAME_ALLOW_REPLACEMENT, NAME_REPLACE_EXISTING | NAME_DO_NOT_QUEUE, REQUEST_PRIMARY_OWNER,
		"10"},
};

static void check_order(struct world *w, const char *wanted)
{
	char queue[PEERS + 1] = "";

	list_for_each (link, &name_find(&w->names, texts[0])->queue)
		strncat(queue, list_entry(link, struct owner, name_link)->peer->unique_text + 3, 1);
	assert_string_equal(queue, wanted);
}

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct world w;

		world_init(&w);
		assert_int_equal(request(&w, 0, 0, pairs[i].first), REQUEST_PRIMARY_OWNER);
		assert_int_equal(request(&w, 1, 0, pairs[i].second), pairs[i].code);
		check_order(&w, pairs[i].queue);
		world_fini(&w);
	}
}

/* Who would replace an owner that does not allow it is the next one in the queue. */
static const struct {
	int peer;
	uint32_t flags;
	const char *queue;
} jumps[] = {
	{0, 0, "0"},
	{1, 0, "01"},
	{2, 0, "012"},
	{3, NAME_REPLACE_EXISTING, "0312"},
	{1, NAME_REPLACE_EXISTING, "0132"},
	{2, 0, "0132"},
	{2, NAME_ALLOW_REPLACEMENT | NAME_REPLACE_EXISTING, "0213"},
};

static void test_jumps(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
		request(&w, jumps[i].peer, 0, jumps[i].flags);
		check_order(&w, jumps[i].queue);
	}
	world_fini(&w);
}

static void test_random(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (int i = 0; i < ROUNDS; i++) {
		int peer = (int)draw(PEERS), name = (int)draw(NAMES);
		uint32_t what = draw(20);

		if (what < 12)
			request(&w, peer, name, draw(8));
		else if (what < 19)
			release(&w, peer, name);
		else
			leave(&w, peer);
		check(&w);
	}
	world_fini(&w);
}

/* Names without owner that somebody has hung rules on stay until those are gone. */
static void test_kept(void **state)
{
	struct world w;
	struct name *name;

	(void)state;
	world_init(&w);
	name = name_get(&w.names, texts[0]);
	assert_ptr_equal(name_get(&w.names, texts[0]), name);
	assert_null(name_owner(name));
	assert_non_null(name_rules(name));
	assert_ptr_equal(name_rules(name), name->rules);
	name->permanent = true;
	name_put(name);
	assert_ptr_equal(name_find(&w.names, texts[0]), name);
	name->permanent = false;
	/* has no owner: a release is of a name that does not exist */
	release(&w, 0, 0);
	request(&w, 0, 0, 0);
	assert_ptr_equal(name_owner(name), &w.peers[0]);
	/* an owned one is not freed by who looked it up */
	name_put(name);
	check(&w);
	/* unique names have one owner and no queue */
	assert_ptr_equal(name_owner(w.peers[3].name), &w.peers[3]);
	name_put(w.peers[3].name);
	assert_ptr_equal(name_find(&w.names, SLICE(":1.3")), w.peers[3].name);
	name_put(NULL);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
