/* spare.c - the process has one thread: what is closed here is free until it is taken back */
#include <fcntl.h>
#include <unistd.h>

#include "mac/spare.h"

void spare_init(struct spare *s, int of)
{
	*s = (struct spare){.fd = -1, .of = of};
	spare_take(s);
}

void spare_fini(struct spare *s)
{
	spare_lend(s);
}

void spare_lend(struct spare *s)
{
	if (!s || s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
}

void spare_take(struct spare *s)
{
	if (s && s->fd < 0)
		s->fd = fcntl(s->of, F_DUPFD_CLOEXEC, 3);
}
