/* path.h - names of files */
#pragma once

/* `path` itself if it is absolute, else behind the current folder; owned by the caller, NULL for
 * want of memory or of a current folder. */
char *path_absolute(const char *path);
