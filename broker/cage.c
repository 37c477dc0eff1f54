/*
 * cage.c - the broker reads what anybody sends. It is the bus user's, without capabilities, and keeps
 * the sockets that it has: it makes no process, no file and no connection but to the system's log,
 * and opens what the kernel says of a peer, of SELinux and of AppArmor.
 */
#include "base/drop.h"
#include "broker/cage.h"

static const char *const calls[] = {
	CAGE_CALLS_BASE,
	CAGE_CALLS_FILES,
	CAGE_CALLS_MESSAGES,
	/* clients */
	"accept4 socketpair epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2",
	/* syslog(3); netlink, through which SELinux tells of changes */
	"connect bind",
	/* the timers of the threads that close (broker/digger.c); they are made before */
	"timer_settime timer_settime64",
	/* whether a peer is still the same; memory files for clients that ask for the policy */
	"pidfd_open memfd_create ftruncate",
	/* letting go of what it was given; limits are read, as it may lower nothing else */
	"dup2 dup3 prlimit64 getrlimit ugetrlimit prctl",
	/* libselinux waits so for a status page that is being written */
	"sched_yield",
	NULL,
};

static const struct cage_path paths[] = {
	{"/proc", CAGE_READ}, /* of peers: comm, cgroup, loginuid, sessionid */
	{"/sys/fs/selinux", CAGE_READ | CAGE_WRITE}, /* `access` is asked by writing */
	{"/sys/kernel/security/apparmor", CAGE_READ | CAGE_WRITE}, /* `.access`, likewise */
	{"/sys/module/apparmor/parameters/enabled", CAGE_READ},
	{"/etc/selinux", CAGE_READ},
	{"/etc/localtime", CAGE_READ}, /* syslog(3) */
	{"/usr/share/zoneinfo", CAGE_READ},
	{"/dev/null", CAGE_READ | CAGE_WRITE},
	{NULL, 0},
};

static const struct cage_limit limits[] = {
	{RLIMIT_NPROC, 0},
	{RLIMIT_MEMLOCK, 0},
	{RLIMIT_MSGQUEUE, 0},
};

const struct cage broker_cage = {
	.name = "dbus-warden-broker",
	.calls = calls,
	.paths = paths,
	.limits = limits,
	.limits_n = ARRAY_SIZE(limits),
};
