/* Who closes what for whom, when: the test is the threads, and no descriptor is one, but in the last. */
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "broker/undertaker.h"
#include "tests/unit/peers.h"

#define SHARE 200

struct site {
	struct bus bus;
	struct undertaker undertaker;
	int next_fd;
};

static void begin(struct site *s, uint32_t diggers)
{
	*s = (struct site){.next_fd = 1000};
	peers_begin(&s->bus, NULL, 0);
	s->bus.users.max_fds = SHARE;
	s->bus.users.most_fds = 100000;
	assert_int_equal(undertaker_init(&s->undertaker), 0);
	s->undertaker.crews[REMAINS_PASSED].idle_n = diggers;
	for (uint32_t i = 0; i < diggers; i++) {
		assert_int_equal(sem_init(&s->undertaker.diggers[i].work, 0, 0), 0);
		list_append(
			&s->undertaker.crews[REMAINS_PASSED].idle, &s->undertaker.diggers[i].link);
	}
	assert_int_equal(undertaker_serve(&s->undertaker, &s->bus), 0);
}

static void end(struct site *s)
{
	bus_fini(&s->bus);
	assert_null(s->bus.users.table);
	close(s->undertaker.source.fd);
	munmap(s->undertaker.next, (1u << 20) * sizeof(int));
}

/* Nobody holds the user but what it left. */
static struct user *leave(struct site *s, uint32_t uid, uint32_t n)
{
	struct user *user = user_get(&s->bus.users, uid);

	assert_non_null(user);
	for (uint32_t i = 0; i < n; i++)
		undertake(user, REMAINS_PASSED, s->next_fd++);
	user_unref(user);
	return user;
}

/* As when those who wait are woken. */
static void wake(struct site *s)
{
	struct timer *due = &s->undertaker.crews[REMAINS_PASSED].due;

	undertaker_send(&s->undertaker);
	if (list_is_linked(&due->link)) {
		timer_cancel(due);
		assert_int_equal(due->due(due), 0);
	}
}

static struct digger *digger_of(struct site *s, const struct user *user)
{
	list_for_each (at, &s->undertaker.busy) {
		struct digger *d = list_entry(at, struct digger, link);

		if (d->estate->user == user)
			return d;
	}
	return NULL;
}

static uint32_t busy(const struct site *s)
{
	uint32_t n = 0;

	list_for_each (at, &s->undertaker.busy)
		n++;
	return n;
}

static void dig(struct site *s, struct digger *d, uint32_t done)
{
	assert_non_null(d);
	atomic_store(&d->done, done);
	undertaker_settle(&s->undertaker);
}

/* Who makes its thread sleep has no second one, and others have theirs. */
static void test_one_each(void **state)
{
	struct user *alice, *bob;
	struct site s;

	(void)state;
	begin(&s, 3);
	alice = leave(&s, ALICE, 3 * DIGGER_ROOM);
	wake(&s);
	assert_int_equal(busy(&s), 1);
	bob = leave(&s, BOB, 2);
	wake(&s);
	assert_int_equal(busy(&s), 2);
	dig(&s, digger_of(&s, bob), 2);
	assert_int_equal(busy(&s), 1);
	assert_int_equal(digger_of(&s, alice)->n, DIGGER_ROOM);
	leave(&s, ROOT, 3 * DIGGER_ROOM);
	wake(&s);
	/* two are left, and root may have more */
	assert_int_equal(busy(&s), 3);
	end(&s);
}

/* However many users make a thread sleep, there is one for root. */
static void test_reserved(void **state)
{
	struct user *alice, *root;
	struct site s;

	(void)state;
	begin(&s, 3);
	s.undertaker.crews[REMAINS_PASSED].reserved = 1;
	alice = leave(&s, ALICE, 2);
	leave(&s, BOB, 1);
	leave(&s, BOB + 1, 1);
	wake(&s);
	assert_int_equal(busy(&s), 2);
	root = leave(&s, ROOT, 1);
	wake(&s);
	dig(&s, digger_of(&s, root), 1);
	/* which is not for the others then */
	assert_int_equal(busy(&s), 2);
	dig(&s, digger_of(&s, alice), 2);
	assert_int_equal(busy(&s), 2);
	assert_int_equal(s.bus.users.fds, 2);
	end(&s);
}

/* Where there are fewer threads than users they take turns. */
static void test_turns(void **state)
{
	struct user *alice, *bob;
	struct site s;

	(void)state;
	begin(&s, 1);
	alice = leave(&s, ALICE, 2 * DIGGER_ROOM + 1);
	bob = leave(&s, BOB, DIGGER_ROOM + 1);
	wake(&s);
	for (int turn = 0; turn < 5; turn++) {
		struct user *whose = turn % 2 == 0 ? alice : bob;
		uint32_t n = turn < 3 ? DIGGER_ROOM : 1;

		assert_int_equal(digger_of(&s, whose)->n, n);
		dig(&s, digger_of(&s, whose), n);
	}
	assert_int_equal(busy(&s), 0);
	assert_null(s.bus.users.table);
	end(&s);
}

/* What is left to be closed is charged until it is closed, one by one. */
static void test_charge(void **state)
{
	struct user *alice;
	struct site s;

	(void)state;
	begin(&s, 1);
	alice = leave(&s, ALICE, DIGGER_ROOM + 10);
	wake(&s);
	for (uint32_t done = 0; done < DIGGER_ROOM; done += 16) {
		dig(&s, digger_of(&s, alice), done);
		assert_int_equal(alice->fds, DIGGER_ROOM + 10 - done);
		assert_int_equal(s.bus.users.fds, alice->fds);
	}
	dig(&s, digger_of(&s, alice), DIGGER_ROOM);
	assert_int_equal(alice->fds, 10);
	dig(&s, digger_of(&s, alice), 10);
	/* which was all that it was there for */
	assert_null(s.bus.users.table);
	assert_int_equal(s.bus.users.fds, 0);
	end(&s);
}

/* Half of the share may wait; another user does not notice, and what is closed may be used again. */
static void test_share(void **state)
{
	struct user *alice, *bob, *root;
	struct site s;

	(void)state;
	begin(&s, 2);
	bob = user_get(&s.bus.users, BOB);
	root = user_get(&s.bus.users, ROOT);
	assert_non_null(bob);
	assert_non_null(root);
	alice = leave(&s, ALICE, SHARE / 2);
	wake(&s);
	assert_true(user_may_bring(alice));
	leave(&s, ALICE, 1);
	assert_false(user_may_bring(alice));
	assert_true(user_may_bring(bob));
	leave(&s, ROOT, 2 * SHARE);
	assert_true(user_may_bring(root));
	dig(&s, digger_of(&s, alice), 1);
	assert_true(user_may_bring(alice));
	/* descriptors run out for all: who has nothing left to be closed goes on */
	s.bus.users.most_fds = s.bus.users.fds;
	assert_false(user_may_bring(alice));
	assert_false(user_may_bring(root));
	assert_true(user_may_bring(bob));
	user_unref(bob);
	user_unref(root);
	end(&s);
}

/* Who cannot be read is read again once there is room. */
static void test_rest(void **state)
{
	struct user *alice;
	struct peer *peer;
	struct site s;
	int fd;

	(void)state;
	begin(&s, 1);
	peer = peers_add(&s.bus, ALICE, &fd);
	alice = leave(&s, ALICE, SHARE / 2 + 1);
	wake(&s);
	stream_ready(peer);
	assert_false(peer->source.events & EPOLLIN);
	dig(&s, digger_of(&s, alice), 1);
	assert_true(peer->source.events & EPOLLIN);
	leave(&s, ALICE, 1);
	stream_ready(peer);
	assert_int_equal(peer->state, PEER_ACTIVE);
	/* told of it all the same: it has hung up */
	stream_ready(peer);
	assert_int_equal(peer->state, PEER_DYING);
	peers_reap(&s.bus);
	close(fd);
	end(&s);
}

/* A connection waits for others of its user only if something of that lies in it. */
static void test_connection(void **state)
{
	static const struct {
		const char *unread;
		bool waits;
	} rows[] = {{"", false}, {"x", true}};
	struct site s;

	(void)state;
	begin(&s, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct user *alice = user_get(&s.bus.users, ALICE);
		struct user *nobody = &s.bus.users.stranger;
		int fd;
		struct peer *peer = peers_add(&s.bus, ALICE, &fd);

		assert_int_equal(write(fd, rows[i].unread, strlen(rows[i].unread)),
			(ssize_t)strlen(rows[i].unread));
		peer_kill(peer, NULL);
		peers_reap(&s.bus);
		assert_int_equal(user_remains(alice, REMAINS_CONNECTION), rows[i].waits);
		assert_int_equal(user_remains(nobody, REMAINS_CONNECTION), 1);
		assert_int_equal(s.bus.users.connections, i + 1);
		user_unref(alice);
		close(fd);
	}
	end(&s);
}

/* The threads themselves. */
static void test_real(void **state)
{
	static struct undertaker undertaker;
	static struct bus bus;
	struct pollfd end_of_file = {.events = POLLIN};
	struct user *alice;
	int pair[2];

	(void)state;
	peers_begin(&bus, NULL, 0);
	assert_int_equal(undertaker_start(&undertaker), 0);
	assert_int_equal(undertaker_serve(&undertaker, &bus), 0);
	alice = user_get(&bus.users, ALICE);
	assert_non_null(alice);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
		undertake(alice, REMAINS_PASSED, pair[1]);
		end_of_file.fd = pair[0];
		if (i % 7 == 0) {
			struct timer *due = &undertaker.crews[REMAINS_PASSED].due;

			undertaker_send(&undertaker);
			if (list_is_linked(&due->link))
				assert_int_equal(due->due(due), 0);
			while (alice->fds > 0) {
				sched_yield();
				undertaker_settle(&undertaker);
			}
			assert_int_equal(poll(&end_of_file, 1, 0), 1);
		}
		undertake(alice, REMAINS_PASSED, pair[0]);
	}
	user_unref(alice);
	bus_fini(&bus);
	assert_null(bus.users.table);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_each),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_charge),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
