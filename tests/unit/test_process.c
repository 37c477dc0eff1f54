/*
 * test_process.c - units from cgroup texts; facts about real peers: forked children under other
 * uids and groups that connect to a listening socket of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/drop.h"
#include "base/pidfd.h"
#include "base/process.h"

#define LONG_NAME "x123456789012345678901234567890123456789012345678901234567890123456789"

static void test_unit(void **state)
{
	static const struct {
		const char *cgroup, *want;
	} cases[] = {
		{"0::/system.slice/ssh.service\n", "ssh.service"},
		{"0::/system.slice/ssh.service", "ssh.service"},
		{"0::/init.scope\n", "init.scope"},
		{"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"},
		{"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"},
		{"0::/system.slice/dbus.socket\n", "dbus.socket"},
		{"0::/system.slice/home.mount\n", "home.mount"},
		/* what is below a unit is the unit's own affair */
		{"0::/system.slice/x.service/payload/y.service\n", "x.service"},
		/* a user's manager: its units cannot pass for the system's */
		{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo@bar.service\n",
			"user@1000.service/app-foo@bar.service"},
		{"0::/user.slice/user-1000.slice/user@1000.service/ssh.service\n",
			"user@1000.service/ssh.service"},
		{"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n",
			"user@1000.service/init.scope"},
		{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/none/a.service\n",
			"user@1000.service"},
		{"0::/user.slice/user-1000.slice/user@1000.service\n", "user@1000.service"},
		{"0::/system.slice/user@x.service/a.service\n", "user@x.service"},
		{"0::/system.slice/user@1x.service/a.service\n", "user@1x.service"},
		{"0::/system.slice/user@.service/a.service\n", "user@.service"},
		/* escapes: systemd's "_" goes, the unit name's own "\x2d" stays */
		{"0::/system.slice/_cpu.service\n", "cpu.service"},
		{"0::/system.slice/__x.service\n", "_x.service"},
		{"0::/_cpu.slice/x.service\n", "x.service"},
		{"0::/system.slice/dev-disk-by\\x2duuid-1.swap\n", "dev-disk-by\\x2duuid-1.swap"},
		/* hybrid: the v2 line is the one, wherever it stands */
		{"1:name=systemd:/system.slice/old.service\n0::/system.slice/new.service\n",
			"new.service"},
		{"0::/system.slice/new.service\n1:name=systemd:/system.slice/old.service\n",
			"new.service"},
		{"10::/system.slice/ten.service\n0::/a.service\n", "a.service"},
		{"1:name=systemd:/system.slice/old.service\n", NULL},
		{"4:memory:/x\n0::/\n", NULL},
		/* none */
		{"", NULL},
		{"\n\n", NULL},
		{"0::\n", NULL},
		{"0::/", NULL},
		{"0::////", NULL},
		{"0::/system.slice\n", NULL},
		{"0::/docker/0123456789abcdef\n", NULL},
		{"0::/../../system.slice/x.service\n", NULL},
		{"0::/system.slice/x.service (deleted)\n", NULL},
		{"0::/system.slice/.service\n", NULL},
		{"0::/system.slice/_.service\n", NULL},
		{"0::/system.slice/_\n", NULL},
		{"0::/system.slice/@x.service\n", NULL},
		{"0::/system.slice/a\"b.service\n", NULL},
		{"0::/system.slice/a b.service\n", NULL},
		{"0::/system.slice/\xc3\xa9.service\n", NULL},
		{"0::/system.slice/" LONG_NAME LONG_NAME LONG_NAME LONG_NAME ".service\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		DROP_HEAP char *got = process_unit(cases[i].cgroup);

		if (!cases[i].want) {
			if (got)
				fail_msg("%s: %s, expected none", cases[i].cgroup, got);
			continue;
		}
		if (!got || strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].cgroup, got ? got : "none");
	}
}

/* Slices around the unit, outermost first; a user's own are told apart from the system's. */
static void test_slices(void **state)
{
	static const struct {
		const char *cgroup, *want;
	} cases[] = {
		{"0::/system.slice/ssh.service\n", "system.slice"},
		{"0::/system.slice/system-getty.slice/getty@tty1.service\n",
			"system.slice system-getty.slice"},
		{"0::/system.slice\n", "system.slice"},
		{"0::/user.slice/user-1000.slice/session-3.scope\n", "user.slice user-1000.slice"},
		{"0::/user.slice/user-1000.slice/user@1000.service\n",
			"user.slice user-1000.slice"},
		{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.service\n",
			"user.slice user-1000.slice user@1000.service/app.slice"},
		{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.slice/a.scope\n",
			"user.slice user-1000.slice user@1000.service/app.slice "
			"user@1000.service/app-x.slice"},
		/* below a unit nothing is the system's, and a user's slices end with the first other */
		{"0::/system.slice/x.service/system.slice/y.service\n", "system.slice"},
		{"0::/system.slice/user@x.service/app.slice/a.service\n", "system.slice"},
		{"0::/user@1000.service/a.service/system.slice\n", NULL},
		{"0::/user@1000.service/system.slice/a.service/b.slice\n",
			"user@1000.service/system.slice"},
		{"0::/user@1000.service/user@7.service/c.slice\n", NULL},
		/* as units are read */
		{"0::/_cpu.slice/x.service\n", "cpu.slice"},
		{"1:name=systemd:/old.slice/x.service\n0::/new.slice/x.service\n", "new.slice"},
		{"1:name=systemd:/old.slice/x.service\n", NULL},
		{"0::/x.service\n", NULL},
		{"0::/docker/system.slice/x.service\n", NULL},
		{"0::/../system.slice/x.service\n", NULL},
		{"0::/system.slice (deleted)\n", NULL},
		{"0::/a b.slice/x.service\n", NULL},
		{"0::/.slice/x.service\n", NULL},
		{"0::/system.slice/" LONG_NAME LONG_NAME LONG_NAME LONG_NAME ".slice\n",
			"system.slice"},
		{"0::/", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		DROP_HEAP char *got = process_slices(cases[i].cgroup);

		if (strcmp(got ? got : "none", cases[i].want ? cases[i].want : "none") != 0)
			fail_msg("%s: %s", cases[i].cgroup, got ? got : "none");
	}
}

/* One option of sockets answers what a test wants, the others what the kernel does. */
static struct {
	int option, error;
	const char *value;
	socklen_t size;
} fake;

int __real_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size);

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
	socklen_t room = *size;

	if (fake.option == 0 || option != fake.option)
		return __real_getsockopt(fd, level, option, value, size);
	if (!fake.error && !fake.value)
		return 0;
	*size = fake.size;
	errno = fake.error ? fake.error : ERANGE;
	if (fake.error || fake.size > room)
		return -1;
	memcpy(value, fake.value, fake.size);
	return 0;
}

/* Whatever the kernel answers: nobody without credentials and groups; all else may be unknown. */
static void test_errors(void **state)
{
	static const struct {
		int option, error, want;
		bool proc; /* whether /proc is believed */
	} cases[] = {
		{SO_PEERCRED, EOPNOTSUPP, -EOPNOTSUPP, false},
		{SO_PEERCRED, ENOMEM, -ENOMEM, false},
		{SO_PEERGROUPS, ENODATA, -ENODATA, false},
		{SO_PEERGROUPS, ENOPROTOOPT, -ENOPROTOOPT, false},
		{SO_PEERGROUPS, ERANGE, -ERANGE, false},
		{SO_PEERSEC, ENOPROTOOPT, 0, true},
		{SO_PEERSEC, EINVAL, 0, true},
		{SO_PEERSEC, ERANGE, 0, true},
		/* a kernel that knows no pidfds; a peer or a descriptor that is not to be had */
		{77, ENOPROTOOPT, 0, false},
		{77, EMFILE, 0, false},
		{77, ENFILE, 0, false},
		{77, ENOMEM, 0, false},
		{77, ESRCH, 0, false},
		{77, ENODATA, 0, false},
		{77, EINVAL, 0, false},
	};
	int fds[2];

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), errno);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct process p = {.uid = 12345};
		int r;

		fake.option = cases[i].option;
		fake.error = cases[i].error;
		fake.size = 0;
		r = process_of_socket(fds[0], NULL, &p);
		fake.option = 0;
		assert_int_equal(r, cases[i].want);
		if (r < 0) {
			assert_int_equal(p.uid, 12345);
			continue;
		}
		assert_int_equal(p.uid, geteuid());
		if ((p.comm != NULL) != cases[i].proc)
			fail_msg("row %zu", i);
		assert_true(p.pidfd == -1 || cases[i].option != 77);
		process_fini(&p);
	}
	close(fds[0]);
	close(fds[1]);
}

static void test_label(void **state)
{
	static char long_label[5000];
	static const struct {
		const char *value;
		socklen_t size, want; /* want 0: no label */
	} cases[] = {
		{"u:r:t:s0", 9, 8},
		{"u:r:t:s0", 8, 8},
		{"unconfined\n", 11, 11},
		{"", 1, 0},
		{"", 0, 0},
		{NULL, 0, 0}, /* success, and nothing was written */
		{long_label, 256, 256},
		{long_label, 257, 257},
		{long_label, 5000, 5000},
	};
	int fds[2];

	(void)state;
	memset(long_label, 'l', sizeof(long_label));
	/* what a heap may give again */
	for (size_t i = 0; i < 64; i++) {
		char *used = malloc(257);

		memset(used, 'x', 257);
		free(used);
	}
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), errno);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct process p;

		fake.option = SO_PEERSEC;
		fake.error = 0;
		fake.value = cases[i].value;
		fake.size = cases[i].size;
		assert_int_equal(process_of_socket(fds[0], NULL, &p), 0);
		fake.option = 0;
		assert_int_equal(p.label_size, cases[i].want);
		assert_int_equal(p.label != NULL, cases[i].want > 0);
		if (p.label) {
			assert_memory_equal(p.label, cases[i].value, p.label_size);
			assert_int_equal(p.label[p.label_size], '\0');
		}
		process_fini(&p);
	}
	close(fds[0]);
	close(fds[1]);
}

/* A child that is somebody else and connects to us; it lives until we close `alive`. */
struct peer {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t groups_n;
	const char *comm;
	bool gone; /* dies before the socket is looked at */
	bool zombie; /* `gone`, but its pid is not free yet, and /proc still tells of it */
};

static void peer_run(
	const struct peer *peer, const struct sockaddr_un *to, socklen_t size, int wait)
{
	char c;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (peer->comm)
		prctl(PR_SET_NAME, peer->comm);
	if (geteuid() == 0 && (setgroups(peer->groups_n, peer->groups) < 0 ||
				      setresgid(peer->gid, peer->gid, peer->gid) < 0 ||
				      setresuid(peer->uid, peer->uid, peer->uid) < 0))
		_exit(2);
	if (connect(fd, (const struct sockaddr *)to, size) < 0)
		_exit(3);
	if (!peer->gone && read(wait, &c, 1) < 0)
		_exit(4);
	_exit(0);
}

/* What process_of_socket says of it; the child's pid in *ret_pid. */
static int peer_look(const struct peer *peer, struct process *ret, pid_t *ret_pid)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(sa_family_t);
	int alive[2], status, r;
	DROP_FD int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	DROP_FD int fd = -1;

	/* an address of the kernel's choice in the abstract namespace */
	assert_return_code(bind(listener, (struct sockaddr *)&addr, size), errno);
	size = sizeof(addr);
	assert_return_code(getsockname(listener, (struct sockaddr *)&addr, &size), errno);
	assert_return_code(listen(listener, 1), errno);
	assert_return_code(pipe2(alive, O_CLOEXEC), errno);
	*ret_pid = fork();
	assert_return_code(*ret_pid, errno);
	if (*ret_pid == 0) {
		close(alive[1]);
		peer_run(peer, &addr, size, alive[0]);
	}
	close(alive[0]);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_return_code(fd, errno);
	if (peer->zombie)
		assert_int_equal(waitid(P_PID, (id_t)*ret_pid, NULL, WEXITED | WNOWAIT), 0);
	else if (peer->gone)
		assert_int_equal(waitpid(*ret_pid, &status, 0), *ret_pid);
	r = process_of_socket(fd, NULL, ret);
	close(alive[1]);
	if (!peer->gone || peer->zombie)
		assert_int_equal(waitpid(*ret_pid, &status, 0), *ret_pid);
	assert_int_equal(status, 0);
	return r;
}

static bool kernel_has_pidfds(void)
{
	int fds[2], pidfd = -1;
	socklen_t size = sizeof(pidfd);
	bool has;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), errno);
	has = getsockopt(fds[0], SOL_SOCKET, 77, &pidfd, &size) == 0;
	if (has)
		close(pidfd);
	close(fds[0]);
	close(fds[1]);
	return has;
}

static void test_self(void **state)
{
	struct process p;
	int fds[2];

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), errno);
	assert_int_equal(process_of_socket(fds[0], NULL, &p), 0);
	assert_int_equal(p.uid, geteuid());
	assert_int_equal(p.gid, getegid());
	assert_int_equal(p.pid, getpid());
	assert_string_equal(p.comm, "test_process");
	assert_int_equal(p.pidfd >= 0, kernel_has_pidfds());
	process_fini(&p);
	assert_int_equal(p.pidfd, -1);
	assert_null(p.comm);
	close(fds[0]);
	close(fds[1]);
}

static void test_other(void **state)
{
	static const gid_t doubles[] = {77, 5, 4242, 77, 5, 6}, one[] = {4242};
	static const uint32_t want_doubles[] = {5, 6, 77, 4242}, want_one[] = {4242},
			      want_added[] = {17, 4242};
	static const struct {
		struct peer peer;
		const uint32_t *groups;
		uint32_t groups_n;
	} cases[] = {
		{{4711, 4242, NULL, 0, "a b\"=\n", false, false}, want_one, 1},
		{{4711, 4242, one, 1, "x", false, false}, want_one, 1},
		{{4711, 17, one, 1, "x", false, false}, want_added, 2},
		{{4712, 6, doubles, ARRAY_SIZE(doubles), "fifteen_letters", false, false},
			want_doubles, 4},
	};

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can become others\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct process p;
		pid_t pid;

		assert_int_equal(peer_look(&cases[i].peer, &p, &pid), 0);
		assert_int_equal(p.uid, cases[i].peer.uid);
		assert_int_equal(p.gid, cases[i].peer.gid);
		assert_int_equal(p.pid, pid);
		assert_int_equal(p.groups_n, cases[i].groups_n);
		assert_memory_equal(p.groups, cases[i].groups, p.groups_n * sizeof(uint32_t));
		assert_string_equal(p.comm, cases[i].peer.comm);
		process_fini(&p);
	}
}

/* More groups than fit at the first try. */
static void test_many_groups(void **state)
{
	gid_t groups[1000];
	struct process p;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can set groups\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		groups[i] = (gid_t)(5000 - 2 * i);
	assert_int_equal(
		peer_look(&(struct peer){1, 3001, groups, ARRAY_SIZE(groups), NULL, false, false},
			&p, &pid),
		0);
	assert_int_equal(p.groups_n, 1001);
	for (uint32_t i = 0; i < 1001; i++)
		assert_int_equal(p.groups[i], i == 0 ? 3001 : 3000 + 2 * i);
	process_fini(&p);
}

static bool kernel_tells_of_pidfds(void)
{
	struct pidfd_facts facts;
	DROP_FD int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return kernel_has_pidfds() && pidfd_ask(pidfd, &facts) == 0;
}

/* Of a peer that is gone, what the socket knows stays and what /proc would say is unknown; but a zombie
 * still has its pid. */
static void test_gone(void **state)
{
	struct peer peer = {.uid = 9, .gid = 9, .gone = true};

	(void)state;
	for (int zombie = 0; zombie < 2; zombie++) {
		struct process p;
		pid_t pid;

		/* what a zombie's pid tells can be trusted without a pidfd too */
		if (zombie && !kernel_has_pidfds())
			break;
		peer.zombie = zombie;
		assert_int_equal(peer_look(&peer, &p, &pid), 0);
		assert_int_equal(p.uid, geteuid() == 0 ? 9 : geteuid());
		assert_int_equal(p.pid, pid);
		if (zombie && kernel_tells_of_pidfds()) {
			assert_string_equal(p.comm, "test_process");
		} else {
			assert_null(p.comm);
			assert_null(p.unit);
			assert_int_equal(p.loginuid, UINT32_MAX);
			assert_int_equal(p.sessionid, UINT32_MAX);
		}
		process_fini(&p);
	}
}

/* What is remembered of a cgroup is said of whoever is in it, and of nobody else. */
static void test_cgroups(void **state)
{
	static struct processes known;
	struct cgroups *cgroups = &known.cgroups;
	DROP_FD int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct pidfd_facts facts;
	struct process p;
	int fds[2];

	(void)state;
	if (!kernel_tells_of_pidfds()) {
		print_message("skipped: the kernel does not tell the number of a cgroup\n");
		skip();
	}
	assert_int_equal(pidfd_ask(pidfd, &facts), 0);
	assert_int_equal(facts.pid, getpid());
	assert_true(facts.cgroup != 0);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), errno);
	cgroups_add(cgroups, facts.cgroup + 1, "0::/system.slice/b.service");
	assert_int_equal(process_of_socket(fds[0], &known, &p), 0);
	assert_true(!p.unit || strcmp(p.unit, "b.service") != 0);
	assert_non_null(cgroups_find(cgroups, facts.cgroup));
	process_fini(&p);
	cgroups_fini(cgroups);
	cgroups_add(cgroups, facts.cgroup, "0::/system.slice/a.service");
	assert_int_equal(process_of_socket(fds[0], &known, &p), 0);
	assert_string_equal(p.unit, "a.service");
	assert_string_equal(p.slices, "system.slice");
	assert_string_equal(p.comm, "test_process");
	process_fini(&p);
	/* as many as anybody likes */
	for (uint64_t id = 1; id <= 3 * CGROUPS_MAX; id++)
		cgroups_add(cgroups, id << 32, "0::/");
	assert_true(HASH_COUNT(cgroups->table) <= CGROUPS_MAX);
	assert_string_equal(cgroups_find(cgroups, (uint64_t)(3 * CGROUPS_MAX) << 32), "0::/");
	assert_null(cgroups_find(cgroups, 1ull << 32));
	processes_fini(&known);
	close(fds[0]);
	close(fds[1]);
}

/* What stays open is read anew, and not of whoever has the pid next. */
static void test_again(void **state)
{
	static struct processes known;
	struct process p;
	char was[16], text[16];
	int fds[2], status;
	pid_t pid;

	(void)state;
	if (!kernel_has_pidfds()) {
		print_message("skipped: the kernel does not tell who a peer is\n");
		skip();
	}
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), errno);
	assert_return_code(prctl(PR_GET_NAME, was), errno);
	for (const char *const *name = (const char *const[]){"one", "two", was, NULL}; *name;
		name++) {
		assert_return_code(prctl(PR_SET_NAME, *name), errno);
		assert_int_equal(process_of_socket(fds[0], &known, &p), 0);
		assert_string_equal(p.comm, *name);
		assert_int_equal(known.files.known[0].pid, getpid());
		assert_int_equal(known.files.next, 1);
		process_fini(&p);
	}
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		pause();
	assert_int_equal(
		proc_files_read(&known.files, pid, PROC_COMM, text, sizeof(text)), strlen(was));
	/* as if the pid were ours now */
	known.files.known[0].pid = 0;
	known.files.known[1].pid = getpid();
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_return_code(prctl(PR_SET_NAME, "three"), errno);
	assert_int_equal(process_of_socket(fds[0], &known, &p), 0);
	assert_string_equal(p.comm, "three");
	process_fini(&p);
	assert_return_code(prctl(PR_SET_NAME, was), errno);
	/* those that came last */
	for (pid_t other = 1; other < 3 * PROC_PROCESSES; other++)
		(void)proc_files_read(&known.files, other, PROC_COMM, text, sizeof(text));
	assert_true(known.files.next > 2);
	processes_fini(&known);
	close(fds[0]);
	close(fds[1]);
}

/* No descriptor to be had: the credentials stand, nothing is believed of /proc, nothing fails. */
static void test_no_descriptors(void **state)
{
	struct rlimit was, low;
	struct process p;
	int fds[2], r;

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), errno);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &was), errno);
	low = was;
	low.rlim_cur = (rlim_t)fds[1] + 1;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &low), errno);
	r = process_of_socket(fds[0], NULL, &p);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &was), errno);
	assert_int_equal(r, 0);
	assert_int_equal(p.uid, geteuid());
	assert_int_equal(p.pidfd, -1);
	assert_null(p.comm);
	assert_null(p.unit);
	process_fini(&p);
	close(fds[0]);
	close(fds[1]);
}

static void test_nobody(void **state)
{
	int pipes[2];
	struct process p = {.uid = 12345};
	DROP_FD int lone = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	DROP_FD int inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(process_of_socket(-1, NULL, &p), -EBADF);
	assert_return_code(pipe2(pipes, O_CLOEXEC), errno);
	assert_int_equal(process_of_socket(pipes[0], NULL, &p), -ENOTSOCK);
	assert_true(process_of_socket(lone, NULL, &p) < 0);
	if (inet >= 0)
		assert_true(process_of_socket(inet, NULL, &p) < 0);
	assert_int_equal(p.uid, 12345);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unit),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_many_groups),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
