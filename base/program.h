/* program.h - which program a process runs */
#pragma once

#include <stddef.h>

/* The path of the program that the process of `pidfd` runs now, NUL-terminated, "... (deleted)" where
 * the file is gone. Its size; -ESRCH where the process has ended; -EACCES where we may not look. */
int program_of(int pidfd, char *buf, size_t size);
