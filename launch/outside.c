/* outside.c - one connection, one program; what closes it without a word has failed */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/drop.h"
#include "launch/outside.h"

static int starter_connect(void)
{
	static const struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = STARTER_SOCKET};
	DROP_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

void outside_forget(struct outside *outside)
{
	int fd = outside->source.fd;

	if (!outside->running)
		return;
	source_fini(&outside->source);
	close(fd);
	outside->running = false;
}

static int ending_read(const struct letter *l, int *ret_result, int *ret_status)
{
	uint32_t number;
	int r = starter_number_read(l, &number);

	if (r < 0)
		return r;
	switch (l->type) {
	case FROM_STARTER_FAILED:
		*ret_result = -(int)number;
		return 0;
	case FROM_STARTER_UNFIT:
		*ret_result = (int)number;
		return 0;
	case FROM_STARTER_ENDED:
		*ret_result = 0;
		*ret_status = (int)number;
		return 0;
	}
	return -EBADMSG;
}

static int outside_heard(struct source *source, uint32_t events)
{
	struct outside *outside = container_of(source, struct outside, source);
	int result = -ECONNRESET, status = 0;
	struct letter l;
	int r;

	(void)events;
	r = channel_recv(source->fd, &l);
	if (r == -EAGAIN)
		return 0;
	if (r == 0) {
		r = ending_read(&l, &result, &status);
		letter_fini(&l);
	}
	if (r < 0 && r != -EPIPE)
		result = r;
	outside_forget(outside);
	return outside->ended(outside, result, status);
}

int outside_start(struct outside *outside, struct loop *loop, const struct starter_order *order,
	outside_fn ended)
{
	DROP_FD int fd = starter_connect();
	struct writer w = {0};
	int r;

	if (fd < 0)
		return fd;
	starter_order_write(&w, order);
	r = channel_send(fd, TO_STARTER_START, &w, NULL, 0);
	writer_fini(&w);
	if (r == 0)
		r = source_init(&outside->source, loop, fd, EPOLLIN, outside_heard);
	if (r < 0)
		return r;
	(void)TAKE_FD(fd);
	outside->ended = ended;
	outside->running = true;
	return 0;
}

void outside_kill(struct outside *outside)
{
	/* should it not hear of it, one program more is left running */
	if (outside->running)
		(void)channel_send(outside->source.fd, TO_STARTER_STOP, NULL, NULL, 0);
}
