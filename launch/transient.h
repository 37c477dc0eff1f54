/* transient.h - the folder for service files of this login session alone */
#pragma once

#include "policy/image.h"

/*
 * Makes $XDG_RUNTIME_DIR/dbus-1/services (mode 0700), as the reference does, where the policy reads
 * service files from it and the runtime folder is the caller's own. Failures are only logged.
 */
void transient_folder_make(const struct image *image, const char *runtime_dir);
