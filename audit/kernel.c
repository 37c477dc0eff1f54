/*
 * kernel.c - the one file that knows libaudit. Its audit_log_*() functions are of no use here: they
 * name the program that calls them as the one who did it (exe=), and it is the bus's client who did.
 *
 * The kernel answers every record, but answers the same whether it kept it or auditing is disabled
 * and it did not. An empty record it refuses (EINVAL), however, only if it would have kept it: that
 * is how both the right to write and whether auditing is enabled are asked for, with no right but
 * CAP_AUDIT_WRITE and without leaving anything.
 */
#include <errno.h>
#include <libaudit.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "audit/kernel.h"
#include "base/drop.h"

#define ANSWER_MS 5000
/* The kernel makes a sender wait, a minute by default, while its queue is full, and drops the record
 * when that does not help. Nobody waits this long otherwise. */
#define WAITED_MS 2000

struct kernel_answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

int kernel_open(void)
{
	int fd = audit_open();

	return fd < 0 ? -errno : fd;
}

/* The answer to the message with this number; older ones are of messages nobody waited for. */
static int answer_recv(int fd, uint32_t number)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	union {
		struct kernel_answer answer;
		char room[MAX_AUDIT_MESSAGE_LENGTH]; /* it comes with what it answers */
	} got;
	ssize_t n;

	for (;;) {
		int r = poll(&pollfd, 1, ANSWER_MS);

		if (r == 0)
			return -ETIMEDOUT;
		n = r < 0 ? -1 : recv(fd, &got, sizeof(got), MSG_TRUNC);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n >= (ssize_t)sizeof(got.answer) && got.answer.header.nlmsg_seq == number &&
			got.answer.header.nlmsg_type == NLMSG_ERROR)
			return got.answer.error.error;
	}
}

/* `text` with its NUL is what the kernel gets. 0, or -errno: what it answered. */
static int message_send(int fd, uint16_t type, const char *text)
{
	static uint32_t number;
	size_t size = strlen(text) + 1;
	struct nlmsghdr header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.nlmsg_seq = ++number};
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	struct iovec parts[] = {{&header, sizeof(header)}, {(void *)(uintptr_t)text, size}};
	struct msghdr message = {.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = parts,
		.msg_iovlen = ARRAY_SIZE(parts)};
	ssize_t n;

	do
		n = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : answer_recv(fd, number);
}

int kernel_probe(int fd)
{
	int r = message_send(fd, AUDIT_USER_AVC, "");

	return r == -EINVAL ? 0 : r;
}

/* What each record is called, the first that fits; docs/dbus-warden-records.7 says why. */
static const struct {
	const char *verb, *member; /* NULL: any */
	bool refused; /* only what was or would have been refused */
	uint16_t type;
} types[] = {
	{"policy", NULL, false, AUDIT_USER_MAC_POLICY_LOAD},
	{NULL, NULL, true, AUDIT_USER_AVC},
	{"driver", "ReloadConfig", false, AUDIT_USYS_CONFIG},
	{"driver", "UpdateActivationEnvironment", false, AUDIT_USYS_CONFIG},
	{NULL, NULL, false, AUDIT_DAC_CHECK},
};

static uint16_t type_of(const struct record *record)
{
	const struct record_value *v = record->values;
	bool refused = v[RECORD_PERMISSIVE].known || !slice_is(v[RECORD_RES].text, "success");
	size_t i = 0;

	/* also what is granted: with "avc:" in it, it is looked for there */
	if (record_is_mac(record))
		return AUDIT_USER_AVC;
	while ((types[i].verb && !slice_is(v[RECORD_VERB].text, types[i].verb)) ||
		(types[i].member && (!v[RECORD_MEMBER].known ||
					    !slice_is(v[RECORD_MEMBER].text, types[i].member))) ||
		(types[i].refused && !refused))
		i++;
	return types[i].type;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int kernel_write(int fd, const struct record *record)
{
	struct writer w = {.limit = 2 * RECORD_LINE_MAX};
	uint16_t type = type_of(record);
	uint64_t began = now_ms();
	int r;

	/* the only type that is kept while auditing is disabled */
	if (type != AUDIT_USER_AVC) {
		r = message_send(fd, type, "");
		if (r != -EINVAL)
			return r == 0 ? -EOPNOTSUPP : r;
	}
	/* what the tools of a MAC policy read has to be in its words */
	if (record_is_mac(record))
		record_mac(&w, record);
	else
		record_audit_line(&w, record);
	writer_bytes(&w, "", 1);
	r = w.bad ? -ENOMEM : message_send(fd, type, (const char *)w.data);
	writer_fini(&w);
	return r == 0 && now_ms() - began > WAITED_MS ? -ETIMEDOUT : r;
}
