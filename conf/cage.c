/*
 * cage.c - the compiler reads what people wrote, wherever it stands, and writes nothing but its
 * answer. It looks users and groups up, and so runs whatever modules /etc/nsswitch.conf names: it
 * lets them load themselves and ask their servers, and what else they try fails instead of killing it.
 */
#include "base/drop.h"
#include "conf/cage.h"

static const char *const calls[] = {
	CAGE_CALLS_BASE,
	CAGE_CALLS_FILES,
	CAGE_CALLS_MESSAGES,
	/* its answer */
	"memfd_create ftruncate fsync",
	/* modules of NSS: servers on this machine or another, with patience */
	"socket connect bind epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 select "
	"pselect6",
	"nanosleep clock_nanosleep clock_nanosleep_time64 timerfd_create timerfd_settime "
	"clock_getres",
	"uname getrlimit ugetrlimit prlimit64 prctl getresuid getresgid getgroups pipe2 "
	"dup3",
	NULL,
};

static const struct cage_path paths[] = {
	{"/", CAGE_READ},
	{"/dev/null", CAGE_READ | CAGE_WRITE},
	{NULL, 0},
};

static const struct cage_limit limits[] = {
	{RLIMIT_NPROC, 0},
	{RLIMIT_MSGQUEUE, 0},
};

const struct cage compile_cage = {
	.name = "dbus-warden-compile",
	.calls = calls,
	.lenient = true,
	.paths = paths,
	.connects = true,
	.limits = limits,
	.limits_n = ARRAY_SIZE(limits),
};
