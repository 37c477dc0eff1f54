/*
 * journal.h - systemd's journal, written and read (sd-journal). The build chooses journal.c or
 * journal_none.c, where everything fails with -ENOSYS.
 */
#pragma once

#include <stdint.h>
#include <sys/uio.h>

#include "base/slice.h"

struct journal;

/* Sends one entry of "FIELD=value" vectors; 0 or -errno. */
int journal_send(const struct iovec *fields, int n);

/* `path`: a folder of journal files or one file; NULL: those of this machine. 0 or -errno. */
int journal_open(const char *path, struct journal **ret);
void journal_free(struct journal *j);
/* Only entries with this "FIELD=value". 0 or -errno. */
int journal_match(struct journal *j, const char *field);
/* The next entry is the first one at or after that time (microseconds since 1970). 0 or -errno. */
int journal_seek(struct journal *j, uint64_t time);
/* Goes to the next entry: 1, 0 where there is none (yet), -errno. */
int journal_next(struct journal *j);
/* When the entry was written. 0 or -errno. */
int journal_time(struct journal *j, uint64_t *ret);
/* "FIELD=value" after "FIELD=value" of the entry, each borrowed until the next call: 1, 0, -errno. */
int journal_next_field(struct journal *j, struct slice *ret);
/* A descriptor to poll for input while journal_next has nothing; -errno. */
int journal_fd(struct journal *j);
/* What has to be called when it has some. */
void journal_woken(struct journal *j);
