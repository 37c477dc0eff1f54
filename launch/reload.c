/* reload.c - whatever fails, the old policy stays in force and the log says what was wrong where */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/drop.h"
#include "base/log.h"
#include "base/systemd.h"
#include "launch/warden.h"

#define BROKER_SECONDS 30
#define ANSWER_TEXT 4096

static int reload_begin(struct warden *w);

static int reload_answer(struct warden *w, uint64_t cookie, bool ok, const char *text)
{
	struct broker_answer answer = {cookie, ok, {text, strnlen(text, ANSWER_TEXT)}};
	struct writer fields = {0};
	int r;

	broker_answer_write(&fields, &answer);
	r = broker_send(w, TO_BROKER_RELOADED, &fields, -1);
	writer_fini(&fields);
	return r;
}

static void notify_reloading(void)
{
	char state[64];

	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, loop_now());
	systemd_notify(state);
}

/* The end of one round, good or bad. */
static int reload_finish(struct warden *w, bool ok, const char *text)
{
	struct reload *reload = &w->reload;
	int r = 0;

	for (uint32_t i = 0; i < reload->now.n && r == 0; i++)
		r = reload_answer(w, reload->now.array[i], ok, text);
	reload->now.n = 0;
	reload->busy = false;
	timer_cancel(&reload->deadline);
	systemd_notify("READY=1");
	if (r < 0 || !reload->again)
		return r;
	return reload_begin(w);
}

/* `why` may have several lines. */
static int reload_fail(struct warden *w, const char *why)
{
	const char *at = why;
	int r;

	while (*at) {
		size_t n = strcspn(at, "\n");

		log_error("%.*s", (int)n, at);
		at += n + (at[n] == '\n');
	}
	log_error("Unable to reload configuration: the policy in force stays");
	r = reload_answer(w, 0, false, why);
	if (r < 0)
		return r;
	return reload_finish(w, false, why);
}

static int broker_is_late(struct timer *timer)
{
	struct warden *w = container_of(timer, struct warden, reload.deadline);

	policy_fini(&w->reload.offered);
	return reload_fail(w, "the broker did not take the new policy in time");
}

static int reload_offer(struct warden *w)
{
	struct reload *reload = &w->reload;
	struct writer fields = {0};
	int r;

	/* it is there when the first message is judged by the new rules */
	agent_follow(w, &reload->offered.image);
	broker_serial_write(&fields, ++reload->serial);
	r = broker_send(w, TO_BROKER_POLICY, &fields, reload->offered.fd);
	writer_fini(&fields);
	if (r == 0)
		timer_arm(&reload->deadline, &w->loop, BROKER_SECONDS * 1000000ull, broker_is_late);
	return r;
}

static int compile_ready(struct source *source, uint32_t events)
{
	struct warden *w = container_of(source, struct warden, reload.compiled);
	DROP_HEAP char *why = NULL;
	int r;

	(void)events;
	source_fini(source);
	timer_cancel(&w->reload.deadline);
	r = compile_take(&w->reload.compile, &w->reload.offered, &why);
	if (r < 0)
		return reload_fail(w, why ? why : "no memory");
	policy_log_complaints(&w->reload.offered);
	return reload_offer(w);
}

static int compile_is_late(struct timer *timer)
{
	struct warden *w = container_of(timer, struct warden, reload.deadline);

	source_fini(&w->reload.compiled);
	compile_abort(&w->reload.compile);
	return reload_fail(w, "the compiler did not come to an end");
}

static int reload_begin(struct warden *w)
{
	struct reload *reload = &w->reload;
	int r;

	reload->now = reload->later;
	reload->later.n = 0;
	reload->again = false;
	reload->busy = true;
	notify_reloading();
	r = compile_start(&reload->compile, w->compiler_path, w->config);
	if (r == 0) {
		r = source_init(&reload->compiled, &w->loop, reload->compile.channel, EPOLLIN,
			compile_ready);
		if (r < 0)
			compile_abort(&reload->compile);
	}
	if (r < 0)
		return reload_fail(w, strerror(-r));
	timer_arm(&reload->deadline, &w->loop, COMPILE_SECONDS * 1000000ull, compile_is_late);
	return 0;
}

int reload_ask(struct warden *w, const uint64_t *cookie)
{
	struct reload *reload = &w->reload;

	if (cookie && reload->later.n == RELOAD_COOKIES)
		return reload_answer(w, *cookie, false, "too many callers wait for a reload");
	if (cookie)
		reload->later.array[reload->later.n++] = *cookie;
	reload->again = true;
	return reload->busy ? 0 : reload_begin(w);
}

int reload_taken(struct warden *w, const struct broker_answer *answer)
{
	struct reload *reload = &w->reload;
	DROP_HEAP char *why = NULL;

	/* an answer that comes after we gave up waiting for it is of no use */
	if (!reload->offered.data || answer->serial != reload->serial)
		return 0;
	if (!answer->ok) {
		policy_fini(&reload->offered);
		why = strndup(answer->text.text, answer->text.size);
		return reload_fail(w, why ? why : "no memory");
	}
	policy_fini(&w->policy);
	w->policy = reload->offered;
	reload->offered = (struct policy){.fd = -1};
	watch_set(&w->watch, &w->policy.image);
	agent_follow(w, &w->policy.image);
	log_notice("Reloaded configuration");
	return reload_finish(w, true, "");
}

void reload_fini(struct warden *w)
{
	timer_cancel(&w->reload.deadline);
	source_fini(&w->reload.compiled);
	compile_abort(&w->reload.compile);
	policy_fini(&w->reload.offered);
}
