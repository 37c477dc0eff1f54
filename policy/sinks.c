/* sinks.c - four bits for each sink, the first in the lowest: settings of an image are numbers */
#include "policy/sinks.h"

static const char *const words[SINK_SINKS] = {
	[SINK_NONE] = "nowhere",
	[SINK_AUDIT] = "audit",
	[SINK_JOURNAL] = "journal",
	[SINK_SYSLOG] = "syslog",
	[SINK_STDERR] = "stderr",
};

const char *sink_word(enum sink sink)
{
	return words[sink];
}

bool sinks_are_good(uint32_t sinks)
{
	uint32_t seen = 0, rest = sinks & ~SINKS_REQUIRED;

	for (; rest; rest >>= 4) {
		uint32_t sink = rest & 15;

		if (sink == SINK_NONE || sink >= SINK_SINKS || (seen & 1u << sink))
			return false;
		seen |= 1u << sink;
	}
	return true;
}

static enum sink sink_of(struct slice word)
{
	enum sink sink = SINK_SINKS - 1;

	while (sink != SINK_NONE && !slice_is(word, words[sink]))
		sink--;
	return sink;
}

uint32_t sinks_of(struct slice list)
{
	uint32_t sinks = 0;

	for (unsigned int i = 0; i < SINK_SINKS - 1; i++) {
		const char *comma = memchr(list.text, ',', list.size);
		size_t size = comma ? (size_t)(comma - list.text) : list.size;
		enum sink sink = sink_of((struct slice){list.text, size});

		sinks |= (uint32_t)sink << 4 * i;
		if (sink == SINK_NONE || !sinks_are_good(sinks))
			return 0;
		if (!comma)
			return sinks;
		list = (struct slice){comma + 1, list.size - size - 1};
	}
	return 0;
}
