/*
 * recorder.c - the recorder may die without taking the bus with it: the broker counts what it cannot
 * hand over and says so to the successor. A recorder that keeps dying is started ever more rarely.
 */
#include <string.h>

#include "base/channel.h"
#include "base/drop.h"
#include "base/log.h"
#include "launch/warden.h"

#define DELAY_FIRST 1000000ull
#define DELAY_MAX 60000000ull
#define STOP_MS 3000

static int recorder_ended(struct child *child, int status);

int recorder_start(struct warden *w, int *ret_channel)
{
	/* behind a closed stderr records would be lost: then the system's log, asked for or not */
	bool standard_error = (w->log_flags & SETUP_STDERR) && !w->in_background;
	bool system = (w->log_flags & SETUP_SYSLOG) || !standard_error;
	const char *argv[] = {w->recorder_path, system ? "--syslog" : "--stderr",
		system && standard_error ? "--stderr" : NULL, NULL};
	struct child_plan plan = {.program = w->recorder_path,
		.argv = argv,
		.quiet = w->in_background,
		.harmless = true,
		.user = w->user.change ? &w->user.who : NULL};
	int pair[2], r;

	r = channel_pair(pair);
	if (r < 0)
		return r;
	plan.channel = pair[1];
	r = child_start(&w->recorder, &plan);
	close(pair[1]);
	if (r == 0) {
		r = child_watch(&w->recorder, &w->loop, recorder_ended);
		w->recorder_since = loop_now();
	}
	if (r < 0)
		close(pair[0]);
	else
		*ret_channel = pair[0];
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
	child_finish(&w->recorder, STOP_MS);
}
