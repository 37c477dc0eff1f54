/* apparmor.c - the one file that knows libapparmor */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/apparmor.h>

#include "base/drop.h"
#include "mac/apparmor.h"

bool apparmor_is_on(void)
{
	return aa_is_enabled() == 1;
}

bool apparmor_can_mediate(void)
{
	DROP_HEAP char *mount = NULL, *path = NULL;

	if (aa_find_mountpoint(&mount) < 0)
		return false;
	if (asprintf(&path, "%s/features/dbus", mount) < 0) {
		path = NULL;
		return false;
	}
	return access(path, F_OK) == 0;
}
