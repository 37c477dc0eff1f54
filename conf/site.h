/*
 * site.h - what compiling has to know of the machine and of who asks. Gathered by main before
 * privilege is dropped; tests bring their own.
 */
#pragma once

#include <stdint.h>

struct site {
	/* of the user who started the bus; NULL where unknown */
	const char *home; /* from the user database, not $HOME */
	const char *runtime_dir, *data_home, *data_dirs;
	const char *selinux_root; /* the folder of the loaded policy; NULL: SELinux is off */
	/* 0, -ENOENT if there is no such entry, or -errno */
	int (*find_user)(const char *name, uint32_t *ret_uid, uint32_t *ret_gid);
	int (*find_uid)(uint32_t uid, uint32_t *ret_gid);
	int (*find_group)(const char *name, uint32_t *ret_gid);
};
