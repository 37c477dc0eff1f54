/* selinux_none.c - a build without libselinux */
#include <stddef.h>

#include "mac/selinux.h"

const struct selinux_kernel *selinux_kernel(void)
{
	return NULL;
}

bool selinux_is_on(void)
{
	return false;
}

bool selinux_is_shut(void)
{
	return false;
}

const char *selinux_root(void)
{
	return NULL;
}
