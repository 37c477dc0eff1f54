/*
 * agent.c - dbus-warden-polkit runs while the policy has a rule that asks polkit. It may die without
 * taking the bus with it: what it was asked is refused then, and the broker is given a channel to its
 * successor. One that keeps dying is started ever more rarely.
 */
#include <stdio.h>
#include <string.h>

#include "base/channel.h"
#include "base/drop.h"
#include "base/log.h"
#include "launch/warden.h"
#include "link/launch_broker.h"

#define DELAY_FIRST 1000000ull
#define DELAY_MAX 60000000ull
#define STOP_MS 3000

static int agent_ended(struct child *child, int status);

static int agent_start(struct warden *w)
{
	char path[PATH_MAX];
	/* no other user: polkit answers questions about others to root alone */
	const char *argv[] = {path, w->address, NULL};
	struct child_plan plan = {.program = path,
		.argv = argv,
		.quiet = w->in_background,
		.harmless = true,
		.dies_with_us = true};
	int pair[2], r;

	r = child_find("dbus-warden-polkit", LIBEXEC_DIR, path);
	if (r == 0)
		r = channel_pair(pair);
	if (r < 0)
		return r;
	plan.channel = pair[1];
	r = child_start(&w->agent, &plan);
	close(pair[1]);
	w->agent_since = loop_now();
	if (r == 0)
		r = child_watch(&w->agent, &w->loop, agent_ended);
	if (r == 0)
		r = broker_send(w, TO_BROKER_AGENT, NULL, pair[0]);
	close(pair[0]);
	return r;
}

static int agent_restart(struct timer *timer)
{
	struct warden *w = container_of(timer, struct warden, agent_again);

	agent_follow(w, &w->policy.image);
	return 0;
}

static void agent_later(struct warden *w, const char *what)
{
	if (loop_now() - w->agent_since > DELAY_MAX || !w->agent_delay)
		w->agent_delay = DELAY_FIRST;
	log_error("dbus-warden-polkit %s: what has to be authorised is refused until it runs, in "
		  "%llu seconds",
		what, (unsigned long long)w->agent_delay / 1000000);
	timer_arm(&w->agent_again, &w->loop, w->agent_delay, agent_restart);
	w->agent_delay *= 2;
	if (w->agent_delay > DELAY_MAX)
		w->agent_delay = DELAY_MAX;
}

static int agent_ended(struct child *child, int status)
{
	struct warden *w = container_of(child, struct warden, agent);
	char how[128];

	/* the broker lets go of it when its policy has no such rule any more */
	if (!image_has_checks(&w->policy.image))
		return 0;
	child_describe(status, how, sizeof(how));
	agent_later(w, how);
	return 0;
}

void agent_follow(struct warden *w, const struct image *image)
{
	char what[160];
	int r;

	if (w->agent.pid != 0 || !image_has_checks(image))
		return;
	timer_cancel(&w->agent_again);
	r = agent_start(w);
	if (r == 0)
		return;
	snprintf(what, sizeof(what), "cannot be started (%s)", strerror(-r));
	child_finish(&w->agent, 0);
	agent_later(w, what);
}

void agent_stop(struct warden *w)
{
	timer_cancel(&w->agent_again);
	child_finish(&w->agent, STOP_MS);
}
