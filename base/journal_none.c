/* journal_none.c - a build without libsystemd: there is no journal */
#include <errno.h>

#include "base/journal.h"

int journal_send(const struct iovec *fields, int n)
{
	(void)fields;
	(void)n;
	return -ENOSYS;
}

int journal_open(const char *path, struct journal **ret)
{
	(void)path;
	(void)ret;
	return -ENOSYS;
}

void journal_free(struct journal *j)
{
	(void)j;
}

int journal_match(struct journal *j, const char *field)
{
	(void)j;
	(void)field;
	return -ENOSYS;
}

int journal_seek(struct journal *j, uint64_t time)
{
	(void)j;
	(void)time;
	return -ENOSYS;
}

int journal_next(struct journal *j)
{
	(void)j;
	return -ENOSYS;
}

int journal_time(struct journal *j, uint64_t *ret)
{
	(void)j;
	(void)ret;
	return -ENOSYS;
}

int journal_next_field(struct journal *j, struct slice *ret)
{
	(void)j;
	(void)ret;
	return -ENOSYS;
}

int journal_fd(struct journal *j)
{
	(void)j;
	return -ENOSYS;
}

void journal_woken(struct journal *j)
{
	(void)j;
}
