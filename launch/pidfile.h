/* pidfile.h - the file that says which process the bus is */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Whether something already stands there: the bus must not start then. */
bool pidfile_exists(const char *path);
/* Makes the file; -EEXIST if it is already there, else 0 or -errno. */
int pidfile_write(const char *path, pid_t pid);
