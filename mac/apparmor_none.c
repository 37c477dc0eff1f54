/* apparmor_none.c - a build without libapparmor */
#include "mac/apparmor.h"

bool apparmor_is_on(void)
{
	return false;
}

bool apparmor_can_mediate(void)
{
	return false;
}
