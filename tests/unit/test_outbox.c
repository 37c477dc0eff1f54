/* test_outbox.c - a reader that is slow gets all letters, in order; the writer never waits for it */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/outbox.h"

#define SIZE 50000

struct fixture {
	struct loop loop;
	struct source source;
	struct outbox outbox;
	int pair[2];
	int told; /* how often there was room */
};

static int ready(struct source *source, uint32_t events)
{
	struct fixture *f = container_of(source, struct fixture, source);

	assert_int_equal(events, EPOLLOUT);
	f->told++;
	loop_stop(&f->loop);
	return outbox_flush(&f->outbox, &f->source);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (channel_pair(f->pair) < 0 || loop_init(&f->loop) < 0)
		return -1;
	return source_init(&f->source, &f->loop, f->pair[0], EPOLLIN, ready);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	outbox_fini(&f->outbox);
	assert_true(outbox_is_empty(&f->outbox));
	assert_int_equal(f->outbox.bytes, 0);
	source_fini(&f->source);
	loop_fini(&f->loop);
	for (int i = 0; i < 2; i++) {
		if (f->pair[i] >= 0)
			close(f->pair[i]);
	}
	free(f);
	return 0;
}

static int say(struct fixture *f, uint32_t type, size_t size)
{
	struct writer w = {0};
	int r;

	memset(writer_grow(&w, size), (int)type, size);
	r = outbox_send(&f->outbox, &f->source, type, &w);
	writer_fini(&w);
	return r;
}

static void hear(struct fixture *f, uint32_t type, size_t size)
{
	struct letter l;

	assert_int_equal(channel_recv(f->pair[1], &l), 0);
	assert_int_equal(l.type, type);
	assert_int_equal(l.size, size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(l.data[i], type);
	letter_fini(&l);
}

static bool has_room(struct fixture *f)
{
	struct pollfd writable = {.fd = f->pair[0], .events = POLLOUT};

	return poll(&writable, 1, 0) > 0;
}

static void test_nothing_waits(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 1; i < 20; i++) {
		assert_int_equal(say(f, i, SIZE), 0);
		assert_true(outbox_is_empty(&f->outbox));
		assert_int_equal(f->source.events, EPOLLIN);
		hear(f, i, SIZE);
	}
}

static void test_slow_reader(void **state)
{
	struct fixture *f = *state;
	uint32_t heard = 0;

	for (uint32_t i = 1; i <= 100; i++)
		assert_int_equal(say(f, i, i % 2 ? SIZE : 10), 0);
	assert_false(outbox_is_empty(&f->outbox));
	assert_true(f->outbox.bytes > 40 * SIZE && f->outbox.bytes < 100 * SIZE);
	assert_int_equal(f->source.events, EPOLLIN | EPOLLOUT);
	while (!outbox_is_empty(&f->outbox)) {
		/* the kernel says that there is room when three quarters are free */
		while (!has_room(f)) {
			heard++;
			hear(f, heard, heard % 2 ? SIZE : 10);
		}
		assert_int_equal(loop_run(&f->loop), 0);
		f->loop.stopping = false;
	}
	assert_true(f->told > 5);
	assert_int_equal(f->outbox.bytes, 0);
	assert_int_equal(f->source.events, EPOLLIN);
	while (heard++ < 100)
		hear(f, heard, heard % 2 ? SIZE : 10);
	assert_int_equal(say(f, 101, 1), 0);
	hear(f, 101, 1);
}

static void test_without_fields(void **state)
{
	struct fixture *f = *state;
	uint32_t type = 1;

	while (outbox_is_empty(&f->outbox))
		assert_int_equal(say(f, type++, SIZE), 0);
	assert_int_equal(outbox_send(&f->outbox, &f->source, 200, NULL), 0);
	assert_int_equal(f->outbox.bytes, SIZE);
	for (uint32_t i = 1; i < type - 1; i++)
		hear(f, i, SIZE);
	assert_int_equal(outbox_flush(&f->outbox, &f->source), 0);
	hear(f, type - 1, SIZE);
	hear(f, 200, 0);
}

static void test_not_sent(void **state)
{
	struct fixture *f = *state;
	struct writer bad = {.limit = 1};

	writer_u32(&bad, 1);
	assert_int_equal(outbox_send(&f->outbox, &f->source, 1, &bad), -ENOMEM);
	assert_int_equal(say(f, 2, LETTER_MAX), -EMSGSIZE);
	assert_true(outbox_is_empty(&f->outbox));
	writer_fini(&bad);
}

static void test_reader_goes(void **state)
{
	struct fixture *f = *state;

	while (outbox_is_empty(&f->outbox))
		assert_int_equal(say(f, 1, SIZE), 0);
	close(f->pair[1]);
	f->pair[1] = -1;
	assert_int_equal(outbox_flush(&f->outbox, &f->source), -EPIPE);
	assert_false(outbox_is_empty(&f->outbox));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_goes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
