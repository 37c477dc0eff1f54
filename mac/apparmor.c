/* apparmor.c - the one file that knows libapparmor */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/apparmor.h>

#include "base/drop.h"
#include "mac/apparmor.h"

_Static_assert(APPARMOR_QUERY_HEAD == AA_QUERY_CMD_LABEL_SIZE, "the room that the library wants");
_Static_assert(APPARMOR_CLASS_DBUS == AA_CLASS_DBUS, "the class of D-Bus in policies");

static int failed(void)
{
	return errno > 0 ? -errno : -EIO;
}

/* A file of apparmorfs, or -errno. */
static int file_open(const char *name, int flags)
{
	DROP_HEAP char *mount = NULL, *path = NULL;
	int fd;

	if (aa_find_mountpoint(&mount) < 0) {
		mount = NULL;
		return failed();
	}
	if (asprintf(&path, "%s/%s", mount, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? failed() : fd;
}

static int kernel_changed(int fd)
{
	char text[32];
	ssize_t n = read(fd, text, sizeof(text));

	if (n > 0)
		return 1;
	return n == 0 || errno == EAGAIN || errno == EINTR ? 0 : failed();
}

static int kernel_watch(void)
{
	int fd = file_open("revision", O_RDONLY | O_NONBLOCK);

	/* the first read gives the revision as it is now */
	if (fd >= 0)
		(void)kernel_changed(fd);
	return fd;
}

static int kernel_ask(enum apparmor_permission permission, char *query, size_t size,
	struct apparmor_decision *ret)
{
	static const uint32_t masks[APPARMOR_PERMISSIONS] = {
		[APPARMOR_SEND] = AA_DBUS_SEND,
		[APPARMOR_RECEIVE] = AA_DBUS_RECEIVE,
		[APPARMOR_EAVESDROP] = AA_DBUS_EAVESDROP,
		[APPARMOR_BIND] = AA_DBUS_BIND,
	};
	int allowed = 0, audited = 1;

	if (aa_query_label(masks[permission], query, size, &allowed, &audited) < 0)
		return failed();
	*ret = (struct apparmor_decision){.allowed = allowed, .audited = audited};
	return 0;
}

const struct apparmor_kernel *apparmor_kernel(void)
{
	static const struct apparmor_kernel kernel = {
		.watch = kernel_watch,
		.changed = kernel_changed,
		.ask = kernel_ask,
	};

	return &kernel;
}

enum apparmor_support apparmor_supported(void)
{
	DROP_FD int fd = -1;

	if (aa_is_enabled() != 1)
		return APPARMOR_ABSENT;
	/* opened and not only looked for: AppArmor does not keep a container from seeing it, and may
	 * keep it from asking */
	fd = file_open("features/dbus/mask", O_RDONLY);
	return fd < 0 ? APPARMOR_BLIND : APPARMOR_MEDIATES;
}
