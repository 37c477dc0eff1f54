/*
 * cage.c - dbus-warden-polkit is root's, because polkit answers questions about others to root alone,
 * but has no capabilities. It reads files and writes none; GLib starts threads. GLib is large and
 * not ours: what it tries beyond this fails instead of killing it.
 */
#include "agent/cage.h"
#include "base/drop.h"

static const char *const calls[] = {
	CAGE_CALLS_BASE,
	CAGE_CALLS_FILES,
	CAGE_CALLS_MESSAGES,
	/* the bus */
	"socket connect socketpair",
	/* GLib's threads and main loop */
	"set_tid_address sched_yield sched_getaffinity sched_getattr sched_setattr",
	"eventfd2 pipe2 epoll_create1 epoll_ctl epoll_wait epoll_pwait dup3 prctl",
	"nanosleep clock_nanosleep clock_nanosleep_time64 clock_getres getresuid getresgid",
	"inotify_init1 inotify_add_watch inotify_rm_watch uname prlimit64 getrlimit "
	"pidfd_open",
	NULL,
};

static const struct cage_path paths[] = {
	{"/", CAGE_READ},
	{"/dev/null", CAGE_READ | CAGE_WRITE},
	{NULL, 0},
};

static const struct cage_limit limits[] = {
	{RLIMIT_MEMLOCK, 0},
	{RLIMIT_MSGQUEUE, 0},
};

const struct cage agent_cage = {
	.name = "dbus-warden-polkit",
	.calls = calls,
	.threads = true,
	.lenient = true,
	.paths = paths,
	.connects = true,
	.limits = limits,
	.limits_n = ARRAY_SIZE(limits),
};
