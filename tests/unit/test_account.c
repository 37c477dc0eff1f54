/* test_account.c - charges: what is taken is given back, nobody is over its ceiling, sums agree */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/account.h"
#include "broker/fault.h"
#include "tests/unit/draw.h"

#define ALICE 1001
#define BOB 1002
#define BUS_USER 900
#define MAX_BYTES 1000
#define MAX_FDS 10

static struct users users_of(uint64_t bytes, uint32_t fds)
{
	return (struct users){.bus_uid = BUS_USER, .max_bytes = bytes, .max_fds = fds};
}

/* (what the user may have, what it has, what it wants) -> whether it gets it */
static const struct {
	const char *label;
	uint32_t uid;
	uint64_t max_bytes;
	uint32_t max_fds;
	uint64_t has_bytes;
	uint32_t has_fds;
	uint64_t bytes;
	uint32_t fds;
	int wanted;
} ceilings[] = {
	{"nothing", ALICE, 0, 0, 0, 0, 0, 0, 0},
	{"all at once", ALICE, MAX_BYTES, MAX_FDS, 0, 0, MAX_BYTES, MAX_FDS, 0},
	{"one byte more", ALICE, MAX_BYTES, MAX_FDS, 0, 0, MAX_BYTES + 1, 0, FAULT_LIMITS},
	{"one fd more", ALICE, MAX_BYTES, MAX_FDS, 0, 0, 0, MAX_FDS + 1, FAULT_LIMITS},
	{"the rest", ALICE, MAX_BYTES, MAX_FDS, 999, 9, 1, 1, 0},
	{"over the rest of bytes", ALICE, MAX_BYTES, MAX_FDS, 999, 9, 2, 1, FAULT_LIMITS},
	{"over the rest of fds", ALICE, MAX_BYTES, MAX_FDS, 999, 9, 1, 2, FAULT_LIMITS},
	{"nothing of a full account", ALICE, MAX_BYTES, MAX_FDS, MAX_BYTES, MAX_FDS, 0, 0, 0},
	{"sum beyond 64 bits", ALICE, MAX_BYTES, MAX_FDS, 1, 0, UINT64_MAX, 0, FAULT_LIMITS},
	{"sum of fds beyond 32 bits", ALICE, MAX_BYTES, MAX_FDS, 0, 1, 0, UINT32_MAX, FAULT_LIMITS},
	{"no ceiling at all", ALICE, UINT64_MAX, UINT32_MAX, 0, 0, UINT64_MAX, UINT32_MAX, 0},
	{"the last of 64 bits", ALICE, UINT64_MAX, UINT32_MAX, UINT64_MAX - 1, 0, 1, 0, 0},
	{"beyond no ceiling", ALICE, UINT64_MAX, UINT32_MAX, UINT64_MAX - 1, 0, 2, 0, FAULT_LIMITS},
	{"fds beyond no ceiling", ALICE, UINT64_MAX, UINT32_MAX, 0, UINT32_MAX, 0, 1, FAULT_LIMITS},
	{"root", 0, MAX_BYTES, MAX_FDS, MAX_BYTES, MAX_FDS, 1u << 30, 5000, 0},
	{"user of the bus", BUS_USER, MAX_BYTES, MAX_FDS, MAX_BYTES, MAX_FDS, 1u << 30, 5000, 0},
};

static void test_ceilings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ceilings); i++) {
		struct users users = users_of(ceilings[i].max_bytes, ceilings[i].max_fds);
		struct user *user = user_get(&users, ceilings[i].uid);
		struct charge has = {0}, wants = {0};
		int r;

		assert_int_equal(
			charge_take(&has, user, ceilings[i].has_bytes, ceilings[i].has_fds), 0);
		r = charge_take(&wants, user, ceilings[i].bytes, ceilings[i].fds);
		if (r != ceilings[i].wanted)
			fail_msg("%s: %d", ceilings[i].label, r);
		assert_true(
			user->bytes == ceilings[i].has_bytes + (r == 0 ? ceilings[i].bytes : 0));
		assert_true(user->fds == ceilings[i].has_fds + (r == 0 ? ceilings[i].fds : 0));
		/* what was refused left nothing behind */
		assert_true(r == 0 || (!wants.user && !wants.bytes && !wants.fds));
		charge_return(&wants);
		charge_return(&has);
		assert_true(user->bytes == 0 && user->fds == 0);
		user_unref(user);
		assert_null(users.table);
	}
}

static void test_users(void **state)
{
	struct users users = users_of(MAX_BYTES, MAX_FDS);
	struct user *alice = user_get(&users, ALICE), *bob = user_get(&users, BOB);
	struct charge charge = {0};

	(void)state;
	assert_ptr_equal(user_get(&users, ALICE), alice);
	assert_ptr_not_equal(alice, bob);
	user_unref(alice);
	/* one user's use is not another one's */
	assert_int_equal(charge_take(&charge, alice, MAX_BYTES, MAX_FDS), 0);
	assert_true(bob->bytes == 0 && bob->fds == 0);
	/* what is charged keeps the user */
	user_unref(alice);
	assert_int_equal(HASH_COUNT(users.table), 2);
	charge_return(&charge);
	assert_int_equal(HASH_COUNT(users.table), 1);
	charge_return(&charge);
	user_unref(bob);
	user_unref(NULL);
	assert_null(users.table);
}

static void test_incomplete(void **state)
{
	struct users users = users_of(MAX_BYTES, MAX_FDS);
	struct user *alice = user_get(&users, ALICE), *bob = user_get(&users, BOB);

	(void)state;
	assert_null(users_most_incomplete(&users));
	alice->incomplete_n = 1;
	assert_ptr_equal(users_most_incomplete(&users), alice);
	bob->incomplete_n = 2;
	assert_ptr_equal(users_most_incomplete(&users), bob);
	alice->incomplete_n = 3;
	assert_ptr_equal(users_most_incomplete(&users), alice);
	user_unref(alice);
	user_unref(bob);
}

/* The sum of what a user's charges hold is what the user has, and never above its ceiling. */
static void test_sums(void **state)
{
	static const uint32_t uids[] = {0, BUS_USER, ALICE, BOB};
	struct users users = users_of(MAX_BYTES, MAX_FDS);
	struct user *user[ARRAY_SIZE(uids)];
	struct charge charges[24] = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++)
		user[i] = user_get(&users, uids[i]);
	for (int round = 0; round < 20000; round++) {
		uint32_t n = draw(ARRAY_SIZE(charges)), who = n % ARRAY_SIZE(uids);
		uint64_t bytes = 0, fds = 0;

		if (draw(3) == 0)
			charge_return(&charges[n]);
		else
			/* nobody holds as much, but for who has no ceiling nobody asks */
			(void)charge_take(&charges[n], user[who],
				who < 2 || draw(50) ? draw(400) : UINT64_MAX - draw(2),
				who < 2 || draw(50) ? draw(4) : UINT32_MAX - draw(2));
		for (size_t i = who; i < ARRAY_SIZE(charges); i += ARRAY_SIZE(uids)) {
			bytes += charges[i].bytes;
			fds += charges[i].fds;
		}
		assert_true(user[who]->bytes == bytes);
		assert_true(user[who]->fds == fds);
		assert_true(who < 2 || (bytes <= MAX_BYTES && fds <= MAX_FDS));
	}
	for (size_t i = 0; i < ARRAY_SIZE(charges); i++)
		charge_return(&charges[i]);
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++)
		user_unref(user[i]);
	assert_null(users.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ceilings),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
