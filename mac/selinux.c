/*
 * selinux.c - the one file that knows libselinux. Its access vector cache is not used: that one
 * decides and writes in one step, to where it likes, and takes an unreadable class for an unknown
 * one. What is used is its view of the status page, a few instructions a call and no system call.
 */
#include <errno.h>
#include <stdarg.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <selinux/avc.h>
#include <selinux/selinux.h>

#include "base/log.h"
#include "mac/selinux.h"

#define MOUNT "/sys/fs/selinux" /* where libselinux expects it, too */

/* Without a status page changes are told by callbacks, to which the library gives no argument. */
static struct {
	bool is_netlink;
	bool changed;
} notices;

static int note_setenforce(int enforcing)
{
	(void)enforcing;
	notices.changed = true;
	return 0;
}

static int note_policyload(int number)
{
	(void)number;
	notices.changed = true;
	return 0;
}

/* What the library has to say of itself; its notices of changes are said by the judge. */
static int say(int type, const char *format, ...)
{
	char text[512];
	va_list args;

	if (type != SELINUX_ERROR && type != SELINUX_WARNING)
		return 0;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text[strcspn(text, "\n")] = '\0';
	log_warning("SELinux: %s", text);
	return 0;
}

static int failed(void)
{
	return errno > 0 ? -errno : -EIO;
}

static int kernel_open(void)
{
	selinux_set_callback(SELINUX_CB_LOG, (union selinux_callback){.func_log = say});
	notices.is_netlink = false;
	if (selinux_status_open(0) == 0)
		return 0;
	if (avc_netlink_open(0) < 0)
		return failed();
	selinux_set_callback(SELINUX_CB_SETENFORCE,
		(union selinux_callback){.func_setenforce = note_setenforce});
	selinux_set_callback(SELINUX_CB_POLICYLOAD,
		(union selinux_callback){.func_policyload = note_policyload});
	notices.is_netlink = true;
	return 0;
}

static void kernel_close(void)
{
	if (notices.is_netlink)
		avc_netlink_close();
	else
		selinux_status_close();
}

static int kernel_changed(void)
{
	int r;

	if (notices.is_netlink) {
		notices.changed = false;
		r = avc_netlink_check_nb() < 0 ? -1 : notices.changed;
	} else {
		r = selinux_status_updated();
	}
	/* classes and permissions have new numbers then */
	if (r > 0)
		selinux_flush_class_cache();
	return r < 0 ? failed() : r;
}

static int kernel_enforces(void)
{
	int r = notices.is_netlink ? security_getenforce() : selinux_status_getenforce();

	return r < 0 ? failed() : r;
}

static int kernel_denies_unknown(void)
{
	int r = notices.is_netlink ? security_deny_unknown() : selinux_status_deny_unknown();

	return r < 0 ? failed() : r;
}

/* The library gives one errno for all that can go wrong: whether there is such a thing is asked of
 * selinuxfs. A class that could not be read must not pass for one that the policy leaves open. */
static int why_not_found(const char *class, const char *permission)
{
	char path[128];

	if (access(MOUNT "/class", F_OK) < 0)
		return -EIO; /* not even that: nothing is known */
	snprintf(path, sizeof(path), MOUNT "/class/%s%s%s", class, permission ? "/perms/" : "",
		permission ? permission : "");
	return access(path, F_OK) == 0 ? -EIO : failed();
}

static int kernel_find(
	const char *class, const char *permission, uint16_t *ret_class, uint32_t *ret_bit)
{
	security_class_t number = string_to_security_class(class);
	access_vector_t bit;

	if (!number)
		return why_not_found(class, NULL);
	bit = string_to_av_perm(number, permission);
	if (!bit)
		return why_not_found(class, permission);
	*ret_class = number;
	*ret_bit = bit;
	return 0;
}

static int kernel_decide(
	const char *subject, const char *object, uint16_t class, struct selinux_decision *ret)
{
	struct av_decision d;

	/* the kernel answers for all permissions of the class, whichever are asked for */
	if (security_compute_av_flags_raw(subject, object, class, ~(access_vector_t)0, &d) < 0)
		return failed();
	*ret = (struct selinux_decision){
		.allowed = d.allowed & d.decided,
		.audit_allow = d.auditallow,
		.audit_deny = d.auditdeny,
		.permissive = d.flags & SELINUX_AVD_FLAGS_PERMISSIVE,
	};
	return 0;
}

const struct selinux_kernel *selinux_kernel(void)
{
	static const struct selinux_kernel kernel = {
		.open = kernel_open,
		.close = kernel_close,
		.changed = kernel_changed,
		.enforces = kernel_enforces,
		.denies_unknown = kernel_denies_unknown,
		.find = kernel_find,
		.decide = kernel_decide,
	};

	return &kernel;
}

bool selinux_is_on(void)
{
	return is_selinux_enabled() > 0;
}

bool selinux_is_shut(void)
{
	struct statfs fs;

	return !selinux_is_on() && statfs(MOUNT, &fs) == 0 &&
	       (__typeof__(fs.f_type))SELINUX_MAGIC == fs.f_type;
}

const char *selinux_root(void)
{
	return selinux_policy_root();
}
