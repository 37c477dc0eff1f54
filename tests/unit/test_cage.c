/* Each process's own table, entered by a child that then tries what is forbidden, and what it needs. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "agent/cage.h"
#include "audit/cage.h"
#include "base/drop.h"
#include "broker/cage.h"
#include "conf/cage.h"

/* What a child does: 0, or -errno. */
typedef int (*deed_fn)(void);

static int done(long r)
{
	return r < 0 ? -errno : 0;
}

static int open_as(const char *path, int flags)
{
	DROP_FD int fd = open(path, flags | O_CLOEXEC, 0600);

	return done(fd);
}

static int read_users(void)
{
	return open_as("/etc/passwd", O_RDONLY);
}
static int read_process(void)
{
	return open_as("/proc/self/cgroup", O_RDONLY);
}
static int write_file(void)
{
	return open_as("/etc/passwd", O_WRONLY);
}
static int make_file(void)
{
	return open_as("/tmp/test-cage", O_WRONLY | O_CREAT | O_EXCL);
}
static int list_root(void)
{
	return open_as("/", O_RDONLY | O_DIRECTORY);
}
static int make_folder(void)
{
	return done(mkdir("/tmp/test-cage", 0700));
}
static int remove_file(void)
{
	return done(unlink("/tmp/test-cage-not-there"));
}
static int make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return done(pid);
}
/* As clone3(), whose flags no filter sees, but whose failure is one. */
static int make_namespace(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return done(pid);
}
static void *thread_run(void *arg)
{
	return arg;
}
static int make_thread(void)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, thread_run, NULL);

	return r ? -r : -pthread_join(thread, NULL);
}
static int execute(void)
{
	char name[] = "true", *argv[] = {name, NULL};

	return done(execve("/bin/true", argv, NULL));
}
static int trace(void)
{
	return done(ptrace(PTRACE_ATTACH, 1, NULL, NULL));
}
static int mount_something(void)
{
	return done(mount("none", "/tmp", "tmpfs", 0, NULL));
}
static int become_other(void)
{
	return done(setresuid(1, 1, 1));
}
static int change_owner(void)
{
	return done(chown("/tmp", (uid_t)-1, (gid_t)-1));
}
static int kill_other(void)
{
	return done(kill(1, 0));
}
static int kill_by_pidfd(void)
{
	return done(syscall(SYS_pidfd_send_signal, -1, 0, NULL, 0));
}
static int make_inet_socket(void)
{
	return done(socket(AF_INET, SOCK_DGRAM, 0));
}
static int make_netlink_socket(void)
{
	return done(socket(AF_NETLINK, SOCK_RAW, 0));
}
static int listen_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? -errno : done(listen(fd, 1));
}
static int map_memory(void)
{
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}
static int send_log(void)
{
	static const struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/dev/no-log"};
	DROP_FD int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	/* not there, which is something else than forbidden */
	return fd < 0 ? -errno
	       : connect(fd, (const struct sockaddr *)&log, sizeof(log)) < 0 && errno == ENOENT
		       ? 0
		       : -errno;
}
static int print(void)
{
	return printf(" ") < 0 || fflush(stdout) < 0 ? -errno : 0;
}

enum want {
	MAY,
	FAILS, /* Landlock: EACCES */
	DIES, /* seccomp: SIGSYS */
	EITHER_WAY, /* fails, whoever comes first */
};

#define ALL_FOUR(want)                                                                             \
	{                                                                                          \
		want, want, want, want                                                             \
	}

static const struct cage *const cages[] = {
	&broker_cage, &recorder_cage, &compile_cage, &agent_cage};

static const struct {
	const char *name;
	deed_fn deed;
	enum want want[ARRAY_SIZE(cages)]; /* broker, recorder, compile, agent */
} cases[] = {
	{"map memory", map_memory, ALL_FOUR(MAY)},
	{"print", print, ALL_FOUR(MAY)},
	{"send to the log", send_log, ALL_FOUR(MAY)},
	{"read of a process", read_process, ALL_FOUR(MAY)},
	{"read a file", read_users, {FAILS, FAILS, MAY, MAY}},
	{"list a folder", list_root, {FAILS, FAILS, MAY, MAY}},
	{"write a file", write_file, ALL_FOUR(FAILS)},
	{"make a file", make_file, ALL_FOUR(FAILS)},
	{"make a folder", make_folder, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"remove a file", remove_file, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"execute", execute, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"make a process", make_process, {DIES, DIES, EITHER_WAY, MAY}},
	{"make a namespace", make_namespace, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"make a thread", make_thread, {DIES, DIES, EITHER_WAY, MAY}},
	{"trace", trace, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"mount", mount_something, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"become somebody else", become_other, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"change an owner", change_owner, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"send a signal", kill_other, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"send a signal by pidfd", kill_by_pidfd, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
	{"make a socket for the network", make_inet_socket, {DIES, DIES, MAY, MAY}},
	{"make a socket for the kernel", make_netlink_socket, ALL_FOUR(MAY)},
	{"listen", listen_socket, {DIES, DIES, EITHER_WAY, EITHER_WAY}},
};

/* waitpid's status of a child that enters the cage and does it. */
static int try(const struct cage *cage, deed_fn deed)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		_exit(cage_enter(cage) < 0 ? 255 : -deed());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* A thread of the broker, made where it makes them, and what it tries once the cage is closed. */
struct hand {
	sem_t go;
	deed_fn deed;
};

static void *hand_run(void *arg)
{
	struct hand *hand = arg;

	while (sem_wait(&hand->go) < 0)
		;
	_exit(-hand->deed());
}

static int try_in_thread(const struct cage *cage, deed_fn deed)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct hand hand = {.deed = deed};
		struct rlimit none = {0, 0};
		pthread_t thread;

		setrlimit(RLIMIT_CORE, &none);
		sem_init(&hand.go, 0, 0);
		if (cage_files(cage) < 0 || pthread_create(&thread, NULL, hand_run, &hand) != 0 ||
			cage_calls(cage) < 0)
			_exit(255);
		sem_post(&hand.go);
		pthread_join(thread, NULL);
		_exit(254);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool is_wanted(enum want want, int status, unsigned int has)
{
	bool failed = WIFEXITED(status) &&
		      (WEXITSTATUS(status) == EACCES || WEXITSTATUS(status) == EPERM);

	switch (want) {
	case MAY:
		return status == 0;
	case FAILS:
		return !(has & CAGE_HAS_FILES) || failed;
	case DIES:
		return !(has & CAGE_HAS_CALLS) ||
		       (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	case EITHER_WAY:
		return !(has & CAGE_HAS_CALLS) || failed;
	}
	return false;
}

static void test_cages(void **state)
{
	unsigned int has = cage_has();

	(void)state;
	if (!has)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t c = 0; c < ARRAY_SIZE(cages); c++) {
			int status = try(cages[c], cases[i].deed);

			if (!is_wanted(cases[i].want[c], status, has))
				fail_msg("%s, %s: status 0x%x", cages[c]->name, cases[i].name,
					status);
		}
	}
}

static void test_threads(void **state)
{
	unsigned int has = cage_has();

	(void)state;
	if (!has)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int status = try_in_thread(&broker_cage, cases[i].deed);

		if (!is_wanted(cases[i].want[0], status, has))
			fail_msg("%s: status 0x%x", cases[i].name, status);
	}
}

static int has_line(const char *path, const char *start)
{
	char line[256];
	FILE *file = fopen(path, "re");
	int r = -EPERM;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, start, strlen(start)) == 0)
			r = 0;
	}
	if (file)
		fclose(file);
	return r;
}

static int no_new_privileges(void)
{
	return has_line("/proc/self/status", "NoNewPrivs:\t1\n");
}

/* whatever the system calls are */
static int no_processes(void)
{
	return has_line("/proc/self/limits", "Max processes             0                    0 ");
}

static void test_limits(void **state)
{
	(void)state;
	if (!cage_has())
		skip();
	for (size_t c = 0; c < ARRAY_SIZE(cages); c++) {
		assert_int_equal(try(cages[c], no_new_privileges), 0);
		if (cages[c] != &agent_cage)
			assert_int_equal(try(cages[c], no_processes), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cages),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
