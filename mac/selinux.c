/* selinux.c - the one file that knows libselinux */
#include <selinux/selinux.h>

#include "mac/selinux.h"

bool selinux_is_on(void)
{
	return is_selinux_enabled() > 0;
}

const char *selinux_root(void)
{
	return selinux_policy_root();
}
