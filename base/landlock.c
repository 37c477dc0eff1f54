/*
 * landlock.c - the system calls themselves: the C library has no functions for them, and the header of
 * a kernel may be older than the kernel. Whatever right a version knows is taken away; the few that
 * are given back are those of the first version.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/landlock.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHT_TRUNCATE (1ull << 14)

/* struct landlock_ruleset_attr of version 6; older kernels want less of it */
struct ruleset {
	uint64_t files, network, scoped;
};

/* What each version can take away: the lowest bits of each kind, and the size of the struct. */
static const struct version {
	unsigned int files, network, scoped;
	size_t size;
} versions[] = {
	[1] = {13, 0, 0, 8},
	[2] = {14, 0, 0, 8},
	[3] = {15, 0, 0, 8},
	[4] = {15, 2, 0, 16},
	[5] = {16, 2, 0, 16},
	[6] = {16, 2, 2, 24},
};

static uint64_t lowest(unsigned int bits)
{
	return (1ull << bits) - 1;
}

int landlock_version(void)
{
	long version = syscall(
		SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

/* What is not there needs no permission. */
static int allow(int ruleset, const struct cage_path *path, uint64_t known)
{
	DROP_FD int fd = open(path->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {.parent_fd = fd};
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (path->access & CAGE_READ)
		rule.allowed_access |= RIGHTS_READ;
	if (path->access & CAGE_WRITE)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE | (RIGHT_TRUNCATE & known);
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
		       ? -errno
		       : 0;
}

int landlock_enter(const struct cage *cage)
{
	size_t newest = ARRAY_SIZE(versions) - 1, kernel = (size_t)landlock_version();
	const struct version *v = &versions[kernel < newest ? kernel : newest];
	struct ruleset all = {.files = lowest(v->files),
		.network = cage->connects ? 0 : lowest(v->network),
		.scoped = cage->connects ? 0 : lowest(v->scoped)};
	DROP_FD int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, v->size, 0);
	int r = ruleset < 0 ? -errno : 0;

	for (const struct cage_path *p = cage->paths; r == 0 && p && p->path; p++)
		r = allow(ruleset, p, all.files);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	return r;
}
