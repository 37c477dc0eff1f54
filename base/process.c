/*
 * process.c - the peer of a socket. What the kernel keeps with the socket (credentials, groups,
 * label) cannot change; what /proc says belongs to whoever has the pid now, so it is kept only if
 * the pidfd shows afterwards that the peer had not been reaped, or before Linux 6.13 that it had not
 * exited: until then nobody else can have its pid. This is on the path of each connect: one system
 * call per fact where that is enough.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/pidfd.h"
#include "base/process.h"
#include "base/slice.h"
#include "base/writer.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5; parisc and sparc number it differently */
#endif

#define PROCESS_NONE                                                                               \
	((struct process){                                                                         \
		.pidfd = -1, .candidate = -1, .loginuid = UINT32_MAX, .sessionid = UINT32_MAX})
#define GROUPS_ROOM 64 /* more than most peers have; the kernel names the real number otherwise */
#define LABEL_ROOM 256
#define UNIT_MAX 255 /* systemd's UNIT_NAME_MAX without the NUL */

/* getsockopt for values of unknown size: *ret_data is on the heap, with one byte more than *ret_size
 * (the size is the kernel's, at most once asked again). 0 or -errno. */
static int option_read(int fd, int option, size_t room, char **ret_data, size_t *ret_size)
{
	for (int tries = 0; tries < 2; tries++) {
		socklen_t size = (socklen_t)room;
		/* blank: Linux before 6.8 says that SO_PEERSEC succeeded and writes nothing where the
		 * BPF security module is the only one that could have */
		DROP_HEAP char *data = calloc(1, room + 1);

		if (!data)
			return -ENOMEM;
		if (getsockopt(fd, SOL_SOCKET, option, data, &size) == 0) {
			data[size] = '\0';
			*ret_data = TAKE(data);
			*ret_size = size;
			return 0;
		}
		if (errno != ERANGE || size <= room)
			return -errno;
		room = size;
	}
	return -ERANGE;
}

static int gid_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The supplementary groups and the primary one, which the kernel does not list among them. */
static int process_read_groups(struct process *p, int fd)
{
	DROP_HEAP char *data = NULL;
	uint32_t *groups;
	size_t size = 0, n, kept = 1;
	int r = option_read(fd, SO_PEERGROUPS, GROUPS_ROOM * sizeof(gid_t), &data, &size);

	if (r < 0)
		return r;
	_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "gids are 32 bits wide");
	n = size / sizeof(uint32_t) + 1;
	groups = malloc(n * sizeof(uint32_t));
	if (!groups)
		return -ENOMEM;
	memcpy(groups, data, (n - 1) * sizeof(uint32_t));
	groups[n - 1] = p->gid;
	qsort(groups, n, sizeof(uint32_t), gid_compare);
	for (size_t i = 1; i < n; i++) {
		if (groups[i] != groups[i - 1])
			groups[kept++] = groups[i];
	}
	p->groups = groups;
	p->groups_n = (uint32_t)kept;
	return 0;
}

static void process_read_label(struct process *p, int fd)
{
	DROP_HEAP char *data = NULL;
	size_t size = 0;

	if (option_read(fd, SO_PEERSEC, LABEL_ROOM, &data, &size) < 0)
		return;
	while (size > 0 && data[size - 1] == '\0')
		size--;
	if (size == 0)
		return;
	p->label = TAKE(data);
	p->label_size = size;
}

/* 0; -ENOPROTOOPT where the kernel is too old; another -errno where the peer is gone, or descriptors
 * are short: then nothing can be known of it. */
static int process_read_pidfd(struct process *p, int fd)
{
	int pidfd = -1;
	socklen_t size = sizeof(pidfd);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0)
		return -errno;
	p->pidfd = pidfd;
	return 0;
}

static uint32_t proc_number(struct proc_files *files, pid_t pid, enum proc_file which)
{
	char buf[16], *end;
	unsigned long v;

	if (proc_files_read(files, pid, which, buf, sizeof(buf)) <= 0)
		return UINT32_MAX;
	errno = 0;
	v = strtoul(buf, &end, 10);
	return *end || errno || v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static void process_forget(struct process *p)
{
	free(p->comm);
	free(p->unit);
	free(p->slices);
	p->comm = p->unit = p->slices = NULL;
	p->loginuid = p->sessionid = UINT32_MAX;
}

static bool process_is_alive(const struct process *p)
{
	struct pollfd pollfd = {.fd = p->pidfd, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 0;
}

static void process_set_cgroup(struct process *p, const char *text)
{
	p->unit = process_unit(text);
	p->slices = process_slices(text);
}

/* Where the kernel tells the cgroup's number, and the path of that is known, it is not asked for. True:
 * the process was still there after all of it was read. */
static bool process_read_cgroup(struct process *p, struct processes *known)
{
	char buf[PATH_MAX + 1024]; /* a v2 path and the lines of the v1 controllers */
	struct pidfd_facts before = {.pid = 0}, after;
	bool told = pidfd_ask(p->pidfd, &before) == 0 && before.pid == p->pid;
	const char *text = told && known ? cgroups_find(&known->cgroups, before.cgroup) : NULL;
	bool has;

	if (text) {
		process_set_cgroup(p, text);
		return true;
	}
	has = proc_files_read(known ? &known->files : NULL, p->pid, PROC_CGROUP, buf, sizeof(buf)) >
	      0;
	if (has)
		process_set_cgroup(p, buf);
	if (!told)
		return process_is_alive(p);
	if (pidfd_ask(p->pidfd, &after) < 0)
		return false;
	if (has && known && before.cgroup && before.cgroup == after.cgroup)
		cgroups_add(&known->cgroups, before.cgroup, buf);
	return true;
}

static void process_read_proc(struct process *p, struct processes *known)
{
	struct proc_files *files = known ? &known->files : NULL;
	char comm[64];

	if (proc_files_read(files, p->pid, PROC_COMM, comm, sizeof(comm)) > 0)
		p->comm = strdup(comm);
	p->loginuid = proc_number(files, p->pid, PROC_LOGINUID);
	/* the kernel sets both or none */
	if (p->loginuid != UINT32_MAX)
		p->sessionid = proc_number(files, p->pid, PROC_SESSIONID);
	if (!process_read_cgroup(p, known))
		process_forget(p);
}

static void pass_credentials(int fd, int on)
{
	(void)setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
}

void process_doubt(struct process *p, int fd)
{
	int waiting = 0;

	/* in this order: what does not wait in the socket yet is sent with its writer's pid, and after
	 * the candidate was found */
	pass_credentials(fd, 1);
	p->candidate = (int)syscall(SYS_pidfd_open, p->pid, 0);
	p->doubted = p->candidate >= 0 && ioctl(fd, FIONREAD, &waiting) == 0;
	if (!p->doubted)
		pass_credentials(fd, 0);
	p->unheard = (size_t)waiting;
}

bool process_hear(struct process *p, int fd, pid_t writer, size_t n)
{
	size_t old = n < p->unheard ? n : p->unheard;

	p->unheard -= old;
	if (old == n)
		return false;
	p->doubted = false;
	pass_credentials(fd, 0);
	if (writer <= 0 || writer != p->pid) {
		close(TAKE_FD(p->candidate));
		return false;
	}
	p->pidfd = TAKE_FD(p->candidate);
	process_read_proc(p, NULL);
	if (process_is_alive(p))
		return true;
	close(TAKE_FD(p->pidfd));
	return false;
}

int process_of_socket(int fd, struct processes *known, struct process *ret)
{
	struct process p = PROCESS_NONE;
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	p.uid = cred.uid;
	p.gid = cred.gid;
	p.pid = cred.pid;
	/* fails where the socket has no peer with credentials, which SO_PEERCRED does not */
	r = process_read_groups(&p, fd);
	if (r < 0)
		return r;
	process_read_label(&p, fd);
	r = process_read_pidfd(&p, fd);
	/* pid 0: a process of a pid namespace that we cannot see */
	if (r == 0 && p.pid > 0)
		process_read_proc(&p, known);
	p.doubted = r == -ENOPROTOOPT && p.pid > 0;
	*ret = p;
	return 0;
}

void processes_fini(struct processes *known)
{
	cgroups_fini(&known->cgroups);
	proc_files_fini(&known->files);
}

void process_fini(struct process *p)
{
	free(p->groups);
	free(p->label);
	process_forget(p);
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->candidate >= 0)
		close(p->candidate);
	*p = PROCESS_NONE;
}

/* The next component of a path, or false at its end. */
static bool path_next(struct slice *path, struct slice *ret)
{
	const char *end;

	while (path->size > 0 && *path->text == '/') {
		path->text++;
		path->size--;
	}
	if (path->size == 0)
		return false;
	end = memchr(path->text, '/', path->size);
	ret->text = path->text;
	ret->size = end ? (size_t)(end - path->text) : path->size;
	path->text += ret->size;
	path->size -= ret->size;
	return true;
}

/* "x.service" for `suffix` ".service": systemd's characters, and a name before the suffix */
static bool unit_is(struct slice s, const char *suffix)
{
	size_t size = strlen(suffix);

	if (s.size <= size || s.size > UNIT_MAX || *s.text == '@' ||
		memcmp(s.text + s.size - size, suffix, size) != 0)
		return false;
	for (size_t i = 0; i < s.size; i++) {
		unsigned char c = (unsigned char)s.text[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(":-_.\\@", c)))
			return false;
	}
	return true;
}

/* The next component, without the "_" that systemd puts before names which the kernel could take for
 * its own files. */
static bool path_next_name(struct slice *path, struct slice *ret)
{
	if (!path_next(path, ret))
		return false;
	if (*ret->text == '_') {
		ret->text++;
		ret->size--;
	}
	return true;
}

/* The first component that is no slice, if that is a unit; what lies below it is the unit's own. */
static bool path_unit(struct slice *path, struct slice *ret)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};
	struct slice s;

	do {
		if (!path_next_name(path, &s))
			return false;
	} while (unit_is(s, ".slice"));
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (unit_is(s, suffixes[i])) {
			*ret = s;
			return true;
		}
	}
	return false;
}

/* "user@UID.service", whose cgroups below are managed by that user */
static bool unit_is_user_manager(struct slice s)
{
	const struct slice head = SLICE("user@"), tail = SLICE(".service");
	size_t at = head.size;

	if (s.size <= head.size + tail.size || memcmp(s.text, head.text, head.size) != 0)
		return false;
	while (s.text[at] >= '0' && s.text[at] <= '9')
		at++;
	return at > head.size && slice_equal((struct slice){s.text + at, s.size - at}, tail);
}

/* The path of the cgroup v2 line, or false where there is none. */
static bool cgroup_path(const char *cgroup, struct slice *ret)
{
	while (strncmp(cgroup, "0::/", 4) != 0) {
		cgroup = strchr(cgroup, '\n');
		if (!cgroup)
			return false;
		cgroup++;
	}
	ret->text = cgroup + 3;
	ret->size = strcspn(ret->text, "\n");
	return true;
}

char *process_unit(const char *cgroup)
{
	struct slice path, unit, own;
	char *ret;

	if (!cgroup_path(cgroup, &path) || !path_unit(&path, &unit))
		return NULL;
	if (!unit_is_user_manager(unit) || !path_unit(&path, &own))
		return strndup(unit.text, unit.size);
	return asprintf(&ret, "%.*s/%.*s", SLICE_FMT(unit), SLICE_FMT(own)) < 0 ? NULL : ret;
}

/* Appends the slices that the path begins with; the component behind them is in *ret_next, absent at
 * the end of the path. */
static void slices_write(
	struct writer *w, struct slice *path, struct slice manager, struct slice *ret_next)
{
	while (path_next_name(path, ret_next)) {
		if (!unit_is(*ret_next, ".slice"))
			return;
		if (w->size)
			writer_bytes(w, " ", 1);
		if (manager.text) {
			writer_bytes(w, manager.text, manager.size);
			writer_bytes(w, "/", 1);
		}
		writer_bytes(w, ret_next->text, ret_next->size);
	}
	*ret_next = (struct slice){NULL, 0};
}

char *process_slices(const char *cgroup)
{
	struct writer w = {0};
	struct slice path, manager, next;
	char *ret = NULL;

	if (!cgroup_path(cgroup, &path))
		return NULL;
	slices_write(&w, &path, (struct slice){NULL, 0}, &next);
	manager = next;
	if (manager.text && unit_is_user_manager(manager))
		slices_write(&w, &path, manager, &next);
	if (w.size && !w.bad)
		ret = strndup((const char *)w.data, w.size);
	writer_fini(&w);
	return ret;
}
