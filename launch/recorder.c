/*
 * recorder.c - the recorder has no right but to write to the kernel's audit trail. It may die without
 * taking the bus with it: the broker counts what it cannot hand over and says so to the successor. A
 * recorder that keeps dying is started ever more rarely.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/channel.h"
#include "base/drop.h"
#include "base/log.h"
#include "base/program.h"
#include "launch/warden.h"
#include "link/launch_recorder.h"
#include "policy/sinks.h"

#define DELAY_FIRST 1000000ull
#define DELAY_MAX 60000000ull
#define READY_MS 10000
#define STOP_MS 3000
#define ORDER_TEXT 64

static int recorder_ended(struct child *child, int status);

static void recorder_let_go(struct warden *w)
{
	source_fini(&w->recorder_source);
	if (w->recorder_channel >= 0)
		close(w->recorder_channel);
	w->recorder_channel = -1;
}

/* Which program a client runs, or was when it connected: what we may see, and the recorder may not. */
static int take_exe(struct warden *w, const struct letter *l)
{
	char path[PATH_MAX];
	struct recorder_question question;
	struct recorder_exe answer;
	struct writer fields = {0};
	int n, r = recorder_question_read(l, &question);

	if (r < 0)
		return r;
	answer.cookie = question.cookie;
	answer.path = exes_find(&w->exes, &(struct broker_greeting){question.name, question.pid});
	if (answer.path.size == 0 && l->fds_n > 0) {
		n = program_of(l->fds[0], path, sizeof(path));
		answer.path = (struct slice){path, n > 0 ? (size_t)n : 0};
	}
	recorder_exe_write(&fields, &answer);
	r = channel_send(w->recorder_channel, TO_RECORDER_EXE, &fields, NULL, 0);
	writer_fini(&fields);
	/* one that does not listen goes without, and one that is going is seen going by its end */
	return r == -EAGAIN || r == -EPIPE ? 0 : r;
}

static int recorder_hear(struct warden *w, const struct letter *l)
{
	struct recorder_ready ready;

	if (l->type == FROM_RECORDER_EXE)
		return take_exe(w, l);
	/* of a successor; it has said in the log what there is to say */
	return l->type == FROM_RECORDER_READY ? recorder_ready_read(l, &ready) : -EBADMSG;
}

static int recorder_ready(struct source *source, uint32_t events)
{
	struct warden *w = container_of(source, struct warden, recorder_source);
	struct letter l;
	int r;

	(void)events;
	r = channel_recv(w->recorder_channel, &l);
	if (r == 0) {
		r = recorder_hear(w, &l);
		letter_fini(&l);
	}
	if (r == -EAGAIN)
		return 0;
	if (r == -EBADMSG) {
		log_error("dbus-warden-recorder sent what it must not send: it is stopped");
		child_kill(&w->recorder);
	}
	if (r == -EBADMSG || r == -EPIPE)
		recorder_let_go(w);
	return r == -EBADMSG || r == -EPIPE ? 0 : r;
}

/* Before the bus has clients: will what they do be recorded, and where it has to be? */
static int recorder_wait(struct warden *w)
{
	struct pollfd readable = {.fd = w->recorder_channel, .events = POLLIN};
	bool required = w->policy.image.header->records & SINKS_REQUIRED;
	struct recorder_ready ready;
	struct letter l;
	int r;

	if (poll(&readable, 1, READY_MS) <= 0)
		return -ETIMEDOUT;
	r = channel_recv(w->recorder_channel, &l);
	if (r < 0)
		return r;
	r = l.type == FROM_RECORDER_READY ? recorder_ready_read(&l, &ready) : -EBADMSG;
	if (r == 0 && required && !ready.preferred) {
		log_error("the configuration requires that decisions are recorded in %.*s",
			SLICE_FMT(ready.why));
		r = -ENOTSUP;
	}
	letter_fini(&l);
	return r;
}

/* "--to=audit,journal,...": where records go to, in this order, to the first that takes them. */
static void recorder_order(const struct warden *w, char text[ORDER_TEXT])
{
	uint32_t sinks = w->policy.image.header->records;
	size_t size;

	/* asked for on the command line; but behind a closed stderr records would be lost */
	if (w->options->log == LOG_STDERR_ONLY && !w->in_background)
		sinks = SINK_STDERR;
	else if (!sinks)
		sinks = sinks_of(SLICE("audit,journal,syslog,stderr"));
	size = (size_t)snprintf(text, ORDER_TEXT, "--to=%s", sink_word(sinks_at(sinks, 0)));
	for (unsigned int i = 1; sinks_at(sinks, i) != SINK_NONE; i++)
		size += (size_t)snprintf(
			text + size, ORDER_TEXT - size, ",%s", sink_word(sinks_at(sinks, i)));
}

static int recorder_execute(struct warden *w, int channel, int second)
{
	/* too, unless it is said where they go */
	bool standard_error = (w->log_flags & SETUP_STDERR) && !w->in_background &&
			      !w->policy.image.header->records;
	char order[ORDER_TEXT];
	const char *argv[] = {
		w->recorder_path, "--launch", order, standard_error ? "--stderr" : NULL, NULL};
	struct child_plan plan = {.program = w->recorder_path,
		.argv = argv,
		.channel = channel,
		.second = second,
		.quiet = w->in_background,
		.harmless = true,
		.but = CAP_AUDIT_WRITE,
		.user = w->user.change ? &w->user.who : NULL};

	recorder_order(w, order);
	return child_start(&w->recorder, &plan);
}

int recorder_start(struct warden *w, int *ret_channel)
{
	bool first = !w->recorder_since;
	int pair[2], ours[2], r;

	r = channel_pair(pair);
	if (r < 0)
		return r;
	r = channel_pair(ours);
	if (r == 0) {
		r = recorder_execute(w, pair[1], ours[1]);
		close(ours[1]);
		w->recorder_channel = ours[0];
		w->recorder_since = loop_now();
	}
	close(pair[1]);
	if (r == 0 && first)
		r = recorder_wait(w);
	if (r == 0)
		r = child_watch(&w->recorder, &w->loop, recorder_ended);
	if (r == 0 && fcntl(w->recorder_channel, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0)
		r = source_init(&w->recorder_source, &w->loop, w->recorder_channel, EPOLLIN,
			recorder_ready);
	if (r == 0) {
		*ret_channel = pair[0];
		return 0;
	}
	close(pair[0]);
	recorder_let_go(w);
	child_finish(&w->recorder, STOP_MS);
	return r;
}

static int recorder_restart(struct timer *timer)
{
	struct warden *w = container_of(timer, struct warden, recorder_again);
	int channel, r;

	r = recorder_start(w, &channel);
	if (r < 0) {
		log_error("%s cannot be started: %s", w->recorder_path, strerror(-r));
		timer_arm(timer, &w->loop, DELAY_MAX, recorder_restart);
		return 0;
	}
	r = broker_send(w, TO_BROKER_RECORDER, NULL, channel);
	close(channel);
	return r;
}

static int recorder_ended(struct child *child, int status)
{
	struct warden *w = container_of(child, struct warden, recorder);
	char how[128];

	recorder_let_go(w);
	child_describe(status, how, sizeof(how));
	if (loop_now() - w->recorder_since > DELAY_MAX || !w->recorder_delay)
		w->recorder_delay = DELAY_FIRST;
	log_error("dbus-warden-recorder %s: decisions are not recorded until it runs again, in "
		  "%llu seconds",
		how, (unsigned long long)w->recorder_delay / 1000000);
	timer_arm(&w->recorder_again, &w->loop, w->recorder_delay, recorder_restart);
	w->recorder_delay *= 2;
	if (w->recorder_delay > DELAY_MAX)
		w->recorder_delay = DELAY_MAX;
	return 0;
}

void recorder_stop(struct warden *w)
{
	timer_cancel(&w->recorder_again);
	recorder_let_go(w);
	child_finish(&w->recorder, STOP_MS);
}
