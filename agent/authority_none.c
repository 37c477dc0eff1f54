/* authority_none.c - a build without polkit: whatever is asked, nobody could be asked */
#include "agent/authority.h"
#include "base/log.h"
#include "link/broker_agent.h"

static int take(int channel, const struct letter *l)
{
	struct writer w = {0};
	struct agent_ask ask;
	int r;

	if (l->type != TO_AGENT_ASK)
		return 0;
	if (agent_ask_read(l, &ask) < 0)
		return -1;
	agent_answer_write(&w, &(struct agent_answer){ask.id, AGENT_FAILED, ask.action,
				       SLICE("dbus-warden was built without polkit")});
	r = channel_send(channel, FROM_AGENT_ANSWER, &w, NULL, 0);
	writer_fini(&w);
	return r;
}

int authority_run(int channel, const char *address)
{
	struct letter l;
	int r = 0;

	(void)address;
	log_warning("built without polkit: what a rule wants authorised is refused");
	while (r == 0 && channel_recv(channel, &l) == 0) {
		r = take(channel, &l);
		letter_fini(&l);
	}
	return r < 0;
}
