/*
 * exes.c - reads the link as soon as a letter tells of a connection: it may not live for long. Nothing
 * is answered, and what finds no room in the channel is not told again; a record goes without the name
 * of a program then, and nobody is kept waiting for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/log.h"
#include "base/program.h"
#include "launch/exes.h"

struct exe {
	char name[BROKER_GREETING_NAME];
	int64_t pid;
	uint32_t size;
	char path[EXE_MAX];
};

static void exes_note(struct exes *exes, const struct broker_greeting *who, int pidfd)
{
	struct exe *exe = &exes->known[exes->next++ % EXES];
	char path[PATH_MAX];
	int n = program_of(pidfd, path, sizeof(path));

	exe->pid = who->pid;
	exe->size = n <= 0 ? 0 : n < EXE_MAX ? (uint32_t)n : EXE_MAX;
	memcpy(exe->path, path, exe->size);
	snprintf(exe->name, sizeof(exe->name), "%.*s", SLICE_FMT(who->name));
}

static int exes_hear(struct exes *exes)
{
	struct broker_greeting who;
	struct letter l;
	int r = channel_recv(exes->channel, &l);

	if (r < 0)
		return r;
	r = l.type == FROM_BROKER_GREETING && l.fds_n == 1 ? broker_greeting_read(&l, &who)
							   : -EBADMSG;
	if (r == 0)
		exes_note(exes, &who, l.fds[0]);
	letter_fini(&l);
	return r;
}

static int exes_ready(struct source *source, uint32_t events)
{
	struct exes *exes = container_of(source, struct exes, source);
	int r = exes_hear(exes);

	(void)events;
	if (r == 0 || r == -EAGAIN)
		return 0;
	if (r == -EBADMSG)
		log_error("dbus-warden-broker sent what it must not send: who connects is not "
			  "looked at any more");
	source_fini(source);
	return r == -EBADMSG || r == -EPIPE ? 0 : r;
}

int exes_start(struct exes *exes, struct loop *loop, int *ret_channel)
{
	int pair[2], r;

	exes->known = calloc(EXES, sizeof(*exes->known));
	if (!exes->known)
		return -ENOMEM;
	r = channel_pair(pair);
	if (r < 0)
		return r;
	exes->channel = pair[0];
	if (fcntl(exes->channel, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0)
		r = source_init(&exes->source, loop, exes->channel, EPOLLIN, exes_ready);
	if (r < 0)
		close(pair[1]);
	else
		*ret_channel = pair[1];
	return r;
}

void exes_stop(struct exes *exes)
{
	source_fini(&exes->source);
	if (exes->channel >= 0)
		close(exes->channel);
	exes->channel = -1;
	free(TAKE(exes->known));
}

struct slice exes_find(const struct exes *exes, const struct broker_greeting *who)
{
	for (unsigned int i = 0; i < EXES && exes->known && who->name.size > 0; i++) {
		const struct exe *exe = &exes->known[i];

		if (exe->pid == who->pid && slice_is(who->name, exe->name))
			return (struct slice){exe->path, exe->size};
	}
	return SLICE("");
}
