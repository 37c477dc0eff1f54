/* file.h - a file, read whole into memory */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Opens a regular file for file_read; -EISDIR, -EINVAL if it is none, or -errno. */
int file_open(const char *path);
/*
 * Reads `fd` to its end. *ret_data is the caller's to free; a NUL follows the bytes. -EFBIG beyond
 * `limit` bytes, or -errno.
 */
int file_read(int fd, size_t limit, char **ret_data, size_t *ret_size);
