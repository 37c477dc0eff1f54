/* driver_policy.c - org.dbuswarden.Policy1: the policy in force, for wardenctl's --live */
#include <errno.h>
#include <fcntl.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"

/* The sealed image itself: whoever may see it reads it with the code that the bus uses. */
int driver_get_image(struct call *call)
{
	struct compose_header header = {.type = MESSAGE_RETURN,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.reply_serial = call->message->serial,
		.fds = 1,
		.signature = "ht",
		.destination = call->peer->unique_name};

	if (!call->peer->takes_fds)
		return FAULT_FDS_REFUSED;
	call->fd = fcntl(call->bus->policy.fd, F_DUPFD_CLOEXEC, 3);
	if (call->fd < 0)
		return -errno;
	header.serial = driver_serial(call->bus);
	compose_begin(&call->reply, &call->bus->reply, &header);
	compose_u32(&call->reply, 0);
	compose_u64(&call->reply, call->bus->generation);
	return 0;
}
