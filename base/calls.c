/* calls.c - the one file that knows libseccomp */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/drop.h"
#include "base/calls.h"
#include "base/pidfd.h"

#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

bool calls_is_there(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

static int allow(scmp_filter_ctx filter, const char *names)
{
	char name[64];

	while (*names) {
		size_t n = strcspn(names, " ");
		int call, r;

		if (n >= sizeof(name))
			return -EINVAL;
		memcpy(name, names, n);
		name[n] = '\0';
		/* one that this libseccomp is too old to know cannot be what a process needs */
		call = seccomp_syscall_resolve_name(name);
		r = call == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
		if (r < 0)
			return r;
		names += n;
		names += strspn(names, " ");
	}
	return 0;
}

/* The flags of clone3() are in memory, where a filter cannot look: the C library takes clone() instead
 * where the kernel does not have it. A filter of its own, as nobody is to read of each thread. */
static int hide_clone3(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = filter ? 0 : -ENOMEM;

	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r == 0)
		r = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return r;
}

static int allow_threads(scmp_filter_ctx filter)
{
	static const struct scmp_arg_cmp flags = {.arg = CLONE_FLAGS,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
			   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET};
	int r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &flags);

	/* which never gets here */
	return r < 0 ? r : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone3), 0);
}

static int allow_sockets(scmp_filter_ctx filter)
{
	static const scmp_datum_t families[] = {AF_UNIX, AF_NETLINK};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++) {
		const struct scmp_arg_cmp is = {
			.arg = 0, .op = SCMP_CMP_EQ, .datum_a = families[i]};

		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &is);
	}
	return r;
}

int calls_enter(const struct cage *cage)
{
	/* whether it is a terminal (stdio asks); how much waits in a socket (base/process.c); about a
	 * process */
	static const scmp_datum_t questions[] = {TCGETS, FIONREAD, PIDFD_ASK};
	scmp_filter_ctx filter =
		seccomp_init(cage->lenient ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
	int r = !filter ? -ENOMEM : cage->threads ? hide_clone3() : 0;

	for (const char *const *c = cage->calls; r == 0 && *c; c++)
		r = allow(filter, *c);
	if (r == 0 && cage->threads)
		r = allow_threads(filter);
	if (r == 0 && !cage->connects)
		r = allow_sockets(filter);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(questions); i++) {
		const struct scmp_arg_cmp is = {
			.arg = 1, .op = SCMP_CMP_EQ, .datum_a = questions[i]};

		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &is);
	}
	/* what fails in a lenient cage is to be seen, too; a kernel that cannot log it is none to die
	 * for */
	if (r == 0)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return r;
}
