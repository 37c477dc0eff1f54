/* kernel_none.c - built without libaudit */
#include <errno.h>

#include "audit/kernel.h"

int kernel_open(void)
{
	return -ENOSYS;
}

int kernel_probe(int fd)
{
	(void)fd;
	return -ENOSYS;
}

int kernel_write(int fd, const struct record *record)
{
	(void)fd;
	(void)record;
	return -ENOSYS;
}
