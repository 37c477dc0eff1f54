/*
 * cage.c - the recorder writes what the broker says to the kernel's audit trail, the journal or
 * syslog. It is the bus user's and has one capability, CAP_AUDIT_WRITE, where there is an audit trail.
 */
#include "audit/cage.h"
#include "base/drop.h"

static const char *const calls[] = {
	CAGE_CALLS_BASE,
	CAGE_CALLS_FILES,
	CAGE_CALLS_MESSAGES,
	/* to the kernel's audit trail (netlink), the journal and syslog (sockets with a path) */
	"connect bind",
	/* the journal takes what is too long for a datagram as a file of memory */
	"memfd_create ftruncate",
	"uname nanosleep clock_nanosleep clock_nanosleep_time64",
	NULL,
};

static const struct cage_path paths[] = {
	{"/etc/localtime", CAGE_READ}, /* syslog has the local time */
	{"/usr/share/zoneinfo", CAGE_READ},
	{"/proc", CAGE_READ}, /* libaudit: whether this is a container */
	{"/dev/null", CAGE_READ | CAGE_WRITE},
	{NULL, 0},
};

static const struct cage_limit limits[] = {
	{RLIMIT_NPROC, 0},
	{RLIMIT_MEMLOCK, 0},
	{RLIMIT_MSGQUEUE, 0},
};

const struct cage recorder_cage = {
	.name = "dbus-warden-recorder",
	.calls = calls,
	.paths = paths,
	.limits = limits,
	.limits_n = ARRAY_SIZE(limits),
};
