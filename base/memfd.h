/* memfd.h - bytes that can no longer change, handed from process to process */
#pragma once

#include <stddef.h>

/* A memfd with these bytes, sealed against every change; -errno on failure. */
int memfd_seal(const char *name, const void *data, size_t size);

/*
 * Maps a memfd read-only. Refuses (-EPERM) one that is not sealed against writing, growing and
 * shrinking, and (-EFBIG) one over `limit` bytes. munmap(*ret_data, *ret_size) when done.
 */
int memfd_map(int fd, size_t limit, const void **ret_data, size_t *ret_size);
