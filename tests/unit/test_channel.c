/* test_channel.c - letters arrive whole, or are refused without leaving a descriptor open */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/channel.h"
#include "base/drop.h"

#define ENVELOPE 8

struct fixture {
	int pair[2];
	int fds_n; /* open before the test, pair included */
};

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (channel_pair(f->pair) < 0)
		return -1;
	f->fds_n = count_fds();
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		if (f->pair[i] >= 0)
			close(f->pair[i]);
	}
	free(f);
	return 0;
}

static bool same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = {0, 1, 7, 8, 4096, LETTER_MAX - ENVELOPE};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct writer fields = {0};
		struct letter l;

		if (sizes[i])
			memset(writer_grow(&fields, sizes[i]), 'x', sizes[i]);
		assert_int_equal(channel_send(f->pair[0], 7, &fields, NULL, 0), 0);
		assert_int_equal(channel_recv(f->pair[1], &l), 0);
		assert_int_equal(l.type, 7);
		assert_int_equal(l.size, sizes[i]);
		assert_int_equal(l.fds_n, 0);
		assert_int_equal((uintptr_t)l.data % 8, 0);
		if (sizes[i])
			assert_memory_equal(l.data, fields.data, sizes[i]);
		letter_fini(&l);
		writer_fini(&fields);
	}
}

static void test_too_long(void **state)
{
	struct fixture *f = *state;
	struct writer fields = {0};

	memset(writer_grow(&fields, LETTER_MAX), 'x', LETTER_MAX);
	assert_int_equal(channel_send(f->pair[0], 1, &fields, NULL, 0), -EMSGSIZE);
	fields.bad = true;
	assert_int_equal(channel_send(f->pair[0], 1, &fields, NULL, 0), -ENOMEM);
	writer_fini(&fields);
}

static void test_fds(void **state)
{
	struct fixture *f = *state;

	for (uint32_t n = 1; n <= LETTER_FDS; n++) {
		int fds[LETTER_FDS] = {f->pair[0], f->pair[1], 0, f->pair[0]};
		struct letter l;

		assert_int_equal(channel_send(f->pair[0], n, NULL, fds, n), 0);
		assert_int_equal(channel_recv(f->pair[1], &l), 0);
		assert_int_equal(l.fds_n, n);
		for (uint32_t i = 0; i < n; i++) {
			assert_true(same_file(l.fds[i], fds[i]));
			assert_int_equal(fcntl(l.fds[i], F_GETFD), FD_CLOEXEC);
		}
		letter_fini(&l);
		assert_int_equal(count_fds(), f->fds_n);
	}
}

static void test_fd_taken(void **state)
{
	struct fixture *f = *state;
	struct letter l;
	int fd;

	assert_int_equal(channel_send(f->pair[0], 1, NULL, f->pair, 2), 0);
	assert_int_equal(channel_recv(f->pair[1], &l), 0);
	fd = l.fds[0];
	l.fds[0] = -1;
	letter_fini(&l);
	assert_int_equal(count_fds(), f->fds_n + 1);
	assert_int_equal(close(fd), 0);
}

/* A datagram that channel_send() would not make. */
static void send_raw(int socket, size_t size, int fds_n)
{
	DROP_HEAP char *bytes = calloc(1, size);
	struct iovec iov = {bytes, size};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * (LETTER_FDS + 1))];
	} control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fds_n) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fds_n);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fds_n);
	}
	assert_int_equal(sendmsg(socket, &msg, 0), size);
}

static void test_refused(void **state)
{
	static const struct {
		size_t size;
		int fds_n, want;
	} cases[] = {
		{ENVELOPE, 0, 0},
		{ENVELOPE - 1, 0, -EBADMSG},
		{1, 0, -EBADMSG},
		{ENVELOPE - 1, 2, -EBADMSG},
		{LETTER_MAX, LETTER_FDS, 0},
		{LETTER_MAX, LETTER_FDS + 1, -EBADMSG},
		{LETTER_MAX + 1, 0, -EBADMSG},
		{LETTER_MAX + 1, 1, -EBADMSG},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct letter l;
		int r;

		send_raw(f->pair[0], cases[i].size, cases[i].fds_n);
		r = channel_recv(f->pair[1], &l);
		if (r != cases[i].want)
			print_error("row %zu\n", i);
		assert_int_equal(r, cases[i].want);
		if (r == 0)
			letter_fini(&l);
		assert_int_equal(count_fds(), f->fds_n);
		/* a bad one does not stick: the next one arrives */
		assert_int_equal(channel_send(f->pair[0], 5, NULL, NULL, 0), 0);
		assert_int_equal(channel_recv(f->pair[1], &l), 0);
		assert_int_equal(l.type, 5);
		letter_fini(&l);
	}
}

static void test_slow_reader(void **state)
{
	struct fixture *f = *state;
	struct writer fields = {0};
	struct letter l;
	uint32_t n = 0;
	int r;

	memset(writer_grow(&fields, 4096), 'x', 4096);
	while ((r = channel_send(f->pair[0], n, &fields, NULL, 0)) == 0 && n < 100000)
		n++;
	assert_int_equal(r, -EAGAIN);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(channel_recv(f->pair[1], &l), 0);
		assert_int_equal(l.type, i);
		letter_fini(&l);
	}
	fcntl(f->pair[1], F_SETFL, O_NONBLOCK);
	assert_int_equal(channel_recv(f->pair[1], &l), -EAGAIN);
	writer_fini(&fields);
}

/* What it said is heard, however much it had not read itself. */
static void test_last_words(void **state)
{
	struct fixture *f = *state;
	struct letter l;

	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(channel_send(f->pair[0], i, NULL, &f->pair[1], i % 2), 0);
		assert_int_equal(channel_send(f->pair[1], i, NULL, NULL, 0), 0);
	}
	close(f->pair[0]);
	f->pair[0] = -1;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(channel_recv(f->pair[1], &l), 0);
		assert_int_equal(l.type, i);
		assert_int_equal(l.fds_n, i % 2);
		letter_fini(&l);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(channel_recv(f->pair[1], &l), -EPIPE);
}

static void test_other_side_gone(void **state)
{
	struct fixture *f = *state;
	struct letter l;

	assert_int_equal(channel_send(f->pair[1], 4, NULL, NULL, 0), 0);
	close(f->pair[0]);
	f->pair[0] = -1;
	for (int i = 0; i < 2; i++)
		assert_int_equal(channel_send(f->pair[1], 1, NULL, NULL, 0), -EPIPE);
	assert_int_equal(channel_recv(f->pair[1], &l), -EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fd_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_side_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
