/*
 * passed.c - close() of the last descriptor of a socket sleeps until all is sent that was written to
 * it, or SO_LINGER's time is over. Whoever passes such a socket and closes its own leaves that to us.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/passed.h"

void passed_close(int fd)
{
	static const struct linger none = {0};

	/* no socket: ENOTSOCK */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}
