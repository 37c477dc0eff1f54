/* test_lane.c - who waits behind whom: random joins, merges and departures against a plain list */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/lane.h"
#include "tests/unit/draw.h"

#define SENDERS 3
#define RECIPIENTS 6
#define PLACES 40
#define ROUNDS 200000

/* `reach`: for whom the message keeps its place, as bits; those of one lane share them. */
struct row {
	struct lane_place place;
	bool used;
	uint32_t sender, reach;
};

struct model {
	struct lanes lanes;
	struct row rows[PLACES];
};

static bool same_lane(const struct row *a, const struct row *b)
{
	return a->used && b->used && a->sender == b->sender && (a->reach & b->reach);
}

/* Lanes that came to stand for one recipient are one. */
static void model_close(struct model *m)
{
	bool again = true;

	while (again) {
		again = false;
		for (int i = 0; i < PLACES; i++) {
			for (int j = 0; j < PLACES; j++) {
				struct row *a = &m->rows[i], *b = &m->rows[j];

				if (same_lane(a, b) && a->reach != b->reach) {
					a->reach = b->reach = a->reach | b->reach;
					again = true;
				}
			}
		}
	}
}

static void join(struct model *m)
{
	struct row *row = &m->rows[draw(PLACES)];
	uint64_t to[2] = {draw(RECIPIENTS), draw(RECIPIENTS)};

	if (row->used)
		return;
	*row = (struct row){.used = true, .sender = draw(SENDERS)};
	row->reach = 1u << to[0] | 1u << to[1];
	assert_int_equal(lane_join(&m->lanes, &row->place, row->sender, to, 2), 0);
	model_close(m);
}

static void extend(struct model *m)
{
	uint32_t from = draw(RECIPIENTS), to = draw(RECIPIENTS);

	assert_int_equal(lanes_extend(&m->lanes, from, to), 0);
	for (int i = 0; i < PLACES; i++) {
		if (m->rows[i].used && m->rows[i].reach >> from & 1)
			m->rows[i].reach |= 1u << to;
	}
	model_close(m);
}

static void leave(struct model *m)
{
	struct row *row = &m->rows[draw(PLACES)];

	lane_leave(&row->place);
	row->used = false;
}

static const struct row *model_first(const struct model *m, uint32_t sender, uint32_t recipient)
{
	const struct row *first = NULL;

	for (int i = 0; i < PLACES; i++) {
		const struct row *row = &m->rows[i];

		if (row->used && row->sender == sender && row->reach >> recipient & 1 &&
			(!first || row->place.number < first->place.number))
			first = row;
	}
	return first;
}

static void compare(const struct model *m)
{
	for (uint32_t s = 0; s < SENDERS; s++) {
		for (uint32_t r = 0; r < RECIPIENTS; r++) {
			const struct lane *lane = lane_find(&m->lanes, s, r);
			const struct row *want = model_first(m, s, r);

			assert_ptr_equal(lane ? (const void *)lane_first(lane) : NULL,
				want ? &want->place : NULL);
		}
	}
}

static void test_random(void **state)
{
	static struct model m;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t what = draw(20);

		if (what < 9)
			join(&m);
		else if (what < 19)
			leave(&m);
		else if (draw(4) == 0)
			extend(&m);
		compare(&m);
	}
	for (int i = 0; i < PLACES; i++)
		lane_leave(&m.rows[i].place);
	assert_null(m.lanes.pairs);
	assert_null(m.lanes.targets);
}

/* Who had a place before takes it again, before who came later. */
static void test_place(void **state)
{
	struct lane_place a = {0}, b = {0}, c = {0};
	struct lanes lanes = {0};
	uint64_t to = 7;

	(void)state;
	assert_int_equal(lane_join(&lanes, &a, 1, &to, 1), 0);
	assert_int_equal(lane_join(&lanes, &b, 1, &to, 1), 0);
	lane_leave(&a);
	assert_int_equal(lane_join(&lanes, &c, 1, &to, 1), 0);
	assert_int_equal(lane_join(&lanes, &a, 1, &to, 1), 0);
	assert_ptr_equal(lane_first(a.lane), &a);
	lane_leave(&a);
	assert_ptr_equal(lane_first(b.lane), &b);
	lane_leave(&b);
	assert_ptr_equal(lane_first(c.lane), &c);
	lane_leave(&c);
	assert_null(lane_find(&lanes, 1, 7));
}

/* A lane that is held stays, whatever becomes of it. */
static void test_held(void **state)
{
	struct lane_place a = {0}, b = {0};
	struct lanes lanes = {0};
	uint64_t one = 1, two = 2;
	struct lane *lane;

	(void)state;
	assert_int_equal(lane_join(&lanes, &a, 5, &one, 1), 0);
	assert_int_equal(lane_join(&lanes, &b, 5, &two, 1), 0);
	lane = a.lane;
	lane_hold(lane);
	lane_leave(&a);
	assert_int_equal(lanes_extend(&lanes, 2, 1), 0);
	assert_ptr_equal(lane_find(&lanes, 5, 2), lane);
	assert_ptr_equal(lane_first(lane), &b);
	assert_ptr_equal(lanes_forget(&lanes, 2), lane);
	assert_null(lanes_forget(&lanes, 2));
	lane_leave(&b);
	assert_ptr_equal(lane_find(&lanes, 5, 1), lane);
	lane_release(lane);
	assert_null(lane_find(&lanes, 5, 1));
	assert_null(lanes.targets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
