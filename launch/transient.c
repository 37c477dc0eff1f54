/*
 * transient.c - programs of a session write service files there while the bus runs, and expect the
 * folder to be there. Launch makes it because the compiler may write nowhere.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/log.h"
#include "launch/transient.h"

static bool is_watched(const struct image *image, const char *path)
{
	for (uint32_t i = 0; i < image->header->watches.count; i++) {
		if (strcmp(image_string(image, image->watches[i]), path) == 0)
			return true;
	}
	return false;
}

void transient_folder_make(const struct image *image, const char *runtime_dir)
{
	DROP_HEAP char *parent = NULL;
	DROP_HEAP char *folder = NULL;
	struct stat st;

	if (!runtime_dir || stat(runtime_dir, &st) < 0 || st.st_uid != geteuid())
		return;
	if (asprintf(&parent, "%s/dbus-1", runtime_dir) < 0 ||
		asprintf(&folder, "%s/services", parent) < 0 || !is_watched(image, folder))
		return;
	if ((mkdir(parent, 0700) < 0 && errno != EEXIST) ||
		(mkdir(folder, 0700) < 0 && errno != EEXIST))
		log_warning("%s cannot be made: %s", folder, strerror(errno));
}
