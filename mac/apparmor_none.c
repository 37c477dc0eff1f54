/* apparmor_none.c - a build without libapparmor */
#include "mac/apparmor.h"

const struct apparmor_kernel *apparmor_kernel(void)
{
	return NULL;
}

enum apparmor_support apparmor_supported(void)
{
	return APPARMOR_ABSENT;
}
