/* selinux_none.c - a build without libselinux */
#include <stddef.h>

#include "mac/selinux.h"

bool selinux_is_on(void)
{
	return false;
}

const char *selinux_root(void)
{
	return NULL;
}
