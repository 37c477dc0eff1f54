/*
 * exe.c - asks launch, which has other things to do: one that does not answer in time is left alone
 * for a while, so that records are not held up for the sake of a field.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/exe.h"
#include "base/channel.h"
#include "base/drop.h"
#include "link/launch_recorder.h"

#define PATIENCE_MS 200
#define SILENCE_MS 10000

void exes_init(struct exes *exes, int channel)
{
	*exes = (struct exes){.channel = channel};
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int ask(struct exes *exes, const struct exe *who, int pidfd)
{
	const struct recorder_question question = {
		.cookie = ++exes->cookie, .name = slice_of(who->sender), .pid = who->pid};
	struct writer w = {0};
	int r;

	recorder_question_write(&w, &question);
	r = channel_send(exes->channel, FROM_RECORDER_EXE, &w, &pidfd, pidfd >= 0);
	writer_fini(&w);
	return r;
}

/* The answer to the last question. 0, or -errno. */
static int hear(struct exes *exes, struct exe *ret)
{
	uint64_t until = now_ms() + PATIENCE_MS;
	struct pollfd pollfd = {.fd = exes->channel, .events = POLLIN};
	struct recorder_exe answer = {0};
	struct letter l;
	int r;

	for (;;) {
		uint64_t now = now_ms();

		if (now >= until || poll(&pollfd, 1, (int)(until - now)) <= 0)
			return -ETIMEDOUT;
		r = channel_recv(exes->channel, &l);
		if (r < 0)
			return r;
		r = l.type == TO_RECORDER_EXE ? recorder_exe_read(&l, &answer) : -EBADMSG;
		if (r == 0 && answer.cookie == exes->cookie) {
			ret->size =
				(uint32_t)(answer.path.size < EXE_MAX ? answer.path.size : EXE_MAX);
			memcpy(ret->path, answer.path.text, ret->size);
		}
		letter_fini(&l);
		if (r < 0 || answer.cookie == exes->cookie)
			return r;
	}
}

static const struct exe *exe_find(const struct exes *exes, const struct exe *who)
{
	for (unsigned int i = 0; i < EXES && *who->sender; i++) {
		const struct exe *e = &exes->known[i];

		if (e->pid == who->pid && strcmp(e->sender, who->sender) == 0)
			return e;
	}
	return NULL;
}

static void exe_ask(struct exes *exes, struct exe *who, int pidfd)
{
	int r;

	if (exes->channel < 0 || now_ms() < exes->silent_until)
		return;
	r = ask(exes, who, pidfd);
	if (r == 0)
		r = hear(exes, who);
	if (r == -EPIPE)
		exes->channel = -1;
	else if (r < 0)
		exes->silent_until = now_ms() + SILENCE_MS;
}

static struct exe exe_of(struct slice sender, int64_t pid)
{
	struct exe who = {.pid = pid};

	snprintf(who.sender, sizeof(who.sender), "%.*s", SLICE_FMT(sender));
	return who;
}

void exes_name(struct exes *exes, struct record *record, int pidfd)
{
	const struct record_value *sender = &record->values[RECORD_SENDER];
	const struct record_value *pid = &record->values[RECORD_PID];
	struct exe *who = &exes->now;
	const struct exe *known;

	if (!pid->known)
		return;
	*who = exe_of(sender->known ? sender->text : SLICE(""), pid->number);
	known = exe_find(exes, who);
	if (known)
		*who = *known;
	else
		exe_ask(exes, who, pidfd);
	if (who->size == 0)
		return;
	if (!known && *who->sender)
		exes->known[exes->next++ % EXES] = *who;
	record_set_text(record, RECORD_EXE, (struct slice){who->path, who->size});
}
