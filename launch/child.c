/*
 * child.c - fork, become harmless, execute. The child tells the parent of a failure through a pipe
 * that execve() closes, so that whoever starts a program knows at once whether it runs. Ends are
 * seen through pidfds: no signal handler, no confusion of pids.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/log.h"
#include "launch/child.h"
#include "launch/user.h"
#include "link/launch_broker.h"
#include "link/launch_recorder.h"

extern char **environ;

#define DYING_MS 3000 /* after SIGKILL */
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* Descriptors 0..2 and the channel; everything else is closed by execve(). */
static int arrange_fds(const struct child_plan *plan)
{
	unsigned int first = LINK_FD + (plan->channel >= 0) + (plan->second > 0);
	/* out of the way of LINK_FD */
	DROP_FD int second =
		plan->second > 0 ? fcntl(plan->second, F_DUPFD_CLOEXEC, LINK_SECOND_FD + 1) : -1;
	DROP_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
		(!plan->foreign && dup2(null, STDOUT_FILENO) < 0) ||
		(plan->quiet && dup2(null, STDERR_FILENO) < 0))
		return -errno;
	if (plan->channel == LINK_FD && fcntl(LINK_FD, F_SETFD, 0) < 0)
		return -errno;
	if (plan->channel >= 0 && plan->channel != LINK_FD && dup2(plan->channel, LINK_FD) < 0)
		return -errno;
	_Static_assert(LINK_SECOND_FD == LINK_FD + 1, "what follows them is closed");
	if (plan->second > 0 && (second < 0 || dup2(second, LINK_SECOND_FD) < 0))
		return -errno;
	if (!plan->keep_fds && syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static int arrange_signals(const struct child_plan *plan, pid_t parent)
{
	static const int ours[] = {SIGHUP, SIGINT, SIGTERM};
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		signal(ours[i], plan->harmless ? SIG_IGN : SIG_DFL);
	if (plan->dies_with_us && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	if (plan->dies_with_us && getppid() != parent)
		return -ESRCH;
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static int become_account(const char *name)
{
	struct user user = {0};
	int r = user_of_account(name, &user);

	if (r == 0)
		r = caps_become(&user.who);
	user_fini(&user);
	return r;
}

/* A foreign program is not more important than others. It may be less, which is not for it to change:
 * the kernel refuses it. */
static int arrange_score(void)
{
	static const char path[] = "/proc/self/oom_score_adj";
	DROP_FD int is = open(path, O_RDONLY | O_CLOEXEC), to_be = -1;
	char score;

	/* where there is no such file nothing was inherited, either */
	if (is < 0)
		return errno == ENOENT ? 0 : -errno;
	if (read(is, &score, 1) != 1)
		return -EIO;
	if (score != '-')
		return 0;
	/* within the unit it cannot be written, and nobody is to be spared for being started by us */
	to_be = open(path, O_WRONLY | O_CLOEXEC);
	return to_be < 0 || write(to_be, "0\n", 2) != 2 ? -errno : 0;
}

/* It gets no more files than we were given, either. */
static int arrange_foreign(const struct child_plan *plan)
{
	int r = arrange_score();

	return r == 0 && setrlimit(RLIMIT_NOFILE, plan->files) < 0 ? -errno : r;
}

static int arrange_rights(const struct child_plan *plan)
{
	int r = plan->foreign ? arrange_foreign(plan) : 0;

	if (r == 0 && plan->account)
		return become_account(plan->account);
	if (r == 0 && plan->harmless)
		return plan->but ? caps_give_up_but(plan->user, plan->but)
				 : caps_give_up(plan->user);
	return r == 0 && plan->user ? caps_become(plan->user) : r;
}

/* In the child: does not return. */
static void child_execute(const struct child_plan *plan, pid_t parent, int report)
{
	int r, high = fcntl(report, F_DUPFD_CLOEXEC, LINK_SECOND_FD + 1);

	r = high < 0 ? -errno : arrange_fds(plan);
	if (r == 0)
		r = arrange_rights(plan);
	/* after the change of user, which would undo the death signal */
	if (r == 0)
		r = arrange_signals(plan, parent);
	if (r < 0 && plan->foreign)
		r = -r;
	if (r == 0) {
		execve(plan->program, (char *const *)(uintptr_t)plan->argv,
			plan->envp ? plan->envp : environ);
		r = -errno;
	}
	if (high >= 0 && write(high, &r, sizeof(r)) != (ssize_t)sizeof(r))
		_exit(126);
	_exit(127);
}

/* Whose a process is: its real user. (uid_t)-1: that cannot be read. */
static uid_t user_of_process(pid_t pid)
{
	char path[64], line[256];
	unsigned int uid = (uid_t)-1;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status) && sscanf(line, "Uid: %u", &uid) != 1)
		;
	if (status)
		fclose(status);
	return uid;
}

/* A child of ours, which has not been waited for. The unit leaves us no CAP_KILL, which is for all
 * processes of the machine; but whoever a process belongs to may end it, and we may be anybody. */
static void process_kill(pid_t pid)
{
	uid_t us = geteuid(), uid;

	if (kill(pid, SIGKILL) == 0 || errno != EPERM)
		return;
	uid = user_of_process(pid);
	if (uid == (uid_t)-1 || seteuid(uid) < 0 || kill(pid, SIGKILL) < 0)
		log_warning("Cannot end process %d: %s", (int)pid, strerror(errno));
	/* a half of us would be another user from now on */
	if (geteuid() != us && seteuid(us) < 0)
		abort();
}

int child_start(struct child *child, const struct child_plan *plan)
{
	pid_t parent = getpid(), pid;
	int report[2], error = 0, pidfd;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		error = -errno;
		close(report[0]);
		close(report[1]);
		return error;
	}
	if (pid == 0)
		child_execute(plan, parent, report[1]);
	close(report[1]);
	do
		n = read(report[0], &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	pidfd = n == 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (pidfd < 0) {
		error = n == 0 ? -errno : n == (ssize_t)sizeof(error) ? error : -EIO;
		process_kill(pid);
		waitpid(pid, NULL, 0);
		return error;
	}
	*child = (struct child){.pid = pid, .pidfd = pidfd};
	return 0;
}

/* Takes the dead child's status and forgets the child. */
static int child_reap(struct child *child)
{
	int status = 0;

	source_fini(&child->source);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(child->pidfd);
	*child = (struct child){.pidfd = -1};
	return status;
}

static int child_ready(struct source *source, uint32_t events)
{
	struct child *child = container_of(source, struct child, source);
	child_fn ended = child->ended;

	(void)events;
	return ended(child, child_reap(child));
}

int child_watch(struct child *child, struct loop *loop, child_fn ended)
{
	child->ended = ended;
	return source_init(&child->source, loop, child->pidfd, EPOLLIN, child_ready);
}

static bool child_ends(const struct child *child, int within)
{
	struct pollfd p = {.fd = child->pidfd, .events = POLLIN};
	int r;

	do
		r = poll(&p, 1, within);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

int child_finish(struct child *child, int grace)
{
	if (child->pid == 0)
		return 0;
	if (child_ends(child, grace))
		return child_reap(child);
	process_kill(child->pid);
	if (child_ends(child, DYING_MS))
		return child_reap(child);
	/* the broker, whose client's file server does not answer when a file is closed */
	log_warning("Process %d was killed and does not end: it is left behind", (int)child->pid);
	child_forget(child);
	return SIGKILL;
}

void child_kill(const struct child *child)
{
	/* pid 0 would be all of our process group */
	if (child->pid != 0)
		process_kill(child->pid);
}

void child_forget(struct child *child)
{
	if (child->pid == 0)
		return;
	source_fini(&child->source);
	close(child->pidfd);
	*child = (struct child){.pidfd = -1};
}

void child_describe(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(text, size,
			"was killed as it made a system call that its cage forbids; the kernel's "
			"log has the number");
	else if (WIFSIGNALED(status))
		snprintf(text, size, "was killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
}

int child_find(const char *name, const char *libexec_dir, char ret[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	char *slash = n > 0 ? memrchr(self, '/', (size_t)n) : NULL;

	if (slash) {
		int size = snprintf(ret, PATH_MAX, "%.*s/%s", (int)(slash - self), self, name);

		if (size < PATH_MAX && access(ret, X_OK) == 0)
			return 0;
	}
	if (snprintf(ret, PATH_MAX, "%s/%s", libexec_dir, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return access(ret, X_OK) < 0 ? -errno : 0;
}
