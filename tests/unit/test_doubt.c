/*
 * test_doubt.c - who a peer is where the kernel does not say (before Linux 6.5): known once it has
 * written something behind the moment at which its pid was looked up, and never else
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/process.h"

/* The child connects and writes "old". Told to go on, it does this: */
enum then { WRITES, DIES, FORKS_AND_DIES, LETS_ANOTHER_WRITE };

struct other {
	struct sockaddr_un address;
	socklen_t size;
	int listener, go[2];
	pid_t pid;
};

static void write_as_another(int fd)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(write(fd, "new", 3) == 3 ? 0 : 1);
	waitpid(pid, NULL, 0);
}

static void child_run(const struct other *o, enum then then)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char c;

	if (connect(fd, (const struct sockaddr *)&o->address, o->size) < 0 ||
		write(fd, "old", 3) != 3 || read(o->go[0], &c, 1) != 1)
		_exit(1);
	if (then == WRITES && write(fd, "new", 3) != 3)
		_exit(1);
	if (then == FORKS_AND_DIES && fork() == 0) {
		/* until the other end has seen the parent die */
		if (read(o->go[0], &c, 1) == 1 && write(fd, "new", 3) == 3)
			read(o->go[0], &c, 1);
		_exit(0);
	}
	if (then == LETS_ANOTHER_WRITE)
		write_as_another(fd);
	if (then == WRITES || then == LETS_ANOTHER_WRITE)
		(void)!read(o->go[0], &c, 1);
	_exit(0);
}

/* Until so many bytes wait in the socket. */
static void await(int fd, size_t n)
{
	int waiting = 0;

	while ((size_t)waiting < n) {
		usleep(1000);
		assert_return_code(ioctl(fd, FIONREAD, &waiting), errno);
	}
}

static int other_begin(struct other *o, enum then then)
{
	static int others;
	int fd;

	o->address = (struct sockaddr_un){.sun_family = AF_UNIX};
	o->size = offsetof(struct sockaddr_un, sun_path) + 1 +
		  (socklen_t)sprintf(o->address.sun_path + 1, "doubt-%d-%d", getpid(), ++others);
	o->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(bind(o->listener, (struct sockaddr *)&o->address, o->size), errno);
	assert_return_code(listen(o->listener, 1), errno);
	assert_return_code(pipe(o->go), errno);
	o->pid = fork();
	assert_true(o->pid >= 0);
	if (o->pid == 0)
		child_run(o, then);
	fd = accept(o->listener, NULL, NULL);
	assert_return_code(fd, errno);
	await(fd, 3);
	return fd;
}

static void other_go(const struct other *o)
{
	assert_int_equal(write(o->go[1], "", 1), 1);
}

static void other_end(const struct other *o)
{
	close(o->go[0]);
	close(o->go[1]);
	close(o->listener);
}

/* As on a kernel that has no SO_PEERPIDFD. */
static void doubt(struct process *ret, int fd)
{
	struct process told;

	assert_int_equal(process_of_socket(fd, NULL, &told), 0);
	*ret = (struct process){.uid = told.uid,
		.pid = told.pid,
		.pidfd = -1,
		.candidate = -1,
		.loginuid = UINT32_MAX,
		.sessionid = UINT32_MAX,
		.doubted = true};
	process_fini(&told);
	process_doubt(ret, fd);
}

/* Reads once, as the broker does. */
static bool hear(struct process *p, int fd, size_t room)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char bytes[16];
	struct iovec iov = {bytes, room};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct ucred writer = {.pid = 0};
	ssize_t n = recvmsg(fd, &msg, 0);

	assert_true(n > 0);
	assert_non_null(CMSG_FIRSTHDR(&msg));
	assert_int_equal(CMSG_FIRSTHDR(&msg)->cmsg_type, SCM_CREDENTIALS);
	memcpy(&writer, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(writer));
	return process_hear(p, fd, writer.pid, (size_t)n);
}

static void assert_unknown(struct process *p)
{
	assert_false(p->doubted);
	assert_int_equal(p->pidfd, -1);
	assert_int_equal(p->candidate, -1);
	assert_null(p->comm);
	assert_null(p->unit);
	process_fini(p);
}

static void test_it_writes(void **state)
{
	/* in two reads, and in one that both come with */
	for (int glued = 0; glued < 2; glued++) {
		struct process p;
		struct other o;
		int fd = other_begin(&o, WRITES);

		(void)state;
		doubt(&p, fd);
		assert_true(p.doubted);
		assert_int_equal(p.unheard, 3);
		assert_null(p.comm);
		if (!glued)
			assert_false(hear(&p, fd, 16));
		assert_int_equal(p.pidfd, -1);
		other_go(&o);
		if (glued)
			await(fd, 6);
		/* the kernel may put both into one read, and need not */
		assert_true(hear(&p, fd, 16) || hear(&p, fd, 16));
		assert_false(p.doubted);
		assert_true(p.pidfd >= 0);
		assert_string_equal(p.comm, "test_doubt");
		process_fini(&p);
		other_go(&o);
		assert_int_equal(waitpid(o.pid, NULL, 0), o.pid);
		close(fd);
		other_end(&o);
	}
}

static void test_it_is_gone(void **state)
{
	struct process p;
	struct other o;
	int fd = other_begin(&o, DIES), status = 1;

	(void)state;
	other_go(&o);
	assert_int_equal(waitpid(o.pid, &status, 0), o.pid);
	assert_int_equal(status, 0);
	doubt(&p, fd);
	assert_unknown(&p);
	close(fd);
	other_end(&o);
}

/* Its child goes on: that is somebody else, whatever the pid belongs to by then. */
static void test_its_child_writes(void **state)
{
	struct process p;
	struct other o;
	int fd = other_begin(&o, FORKS_AND_DIES);

	(void)state;
	doubt(&p, fd);
	assert_true(p.doubted);
	other_go(&o);
	assert_int_equal(waitpid(o.pid, NULL, 0), o.pid);
	assert_false(hear(&p, fd, 3));
	other_go(&o);
	assert_false(hear(&p, fd, 3));
	assert_unknown(&p);
	other_go(&o);
	close(fd);
	other_end(&o);
}

static void test_another_writes(void **state)
{
	struct process p;
	struct other o;
	int fd = other_begin(&o, LETS_ANOTHER_WRITE);

	(void)state;
	doubt(&p, fd);
	other_go(&o);
	assert_false(hear(&p, fd, 3));
	assert_false(hear(&p, fd, 3));
	assert_unknown(&p);
	other_go(&o);
	assert_int_equal(waitpid(o.pid, NULL, 0), o.pid);
	close(fd);
	other_end(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_writes),
		cmocka_unit_test(test_it_is_gone),
		cmocka_unit_test(test_its_child_writes),
		cmocka_unit_test(test_another_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
