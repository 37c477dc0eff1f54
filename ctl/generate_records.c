/* generate_records.c - a service as the records tell of it: of calls, those that an audit rule named */
#include <errno.h>

#include "base/drop.h"
#include "ctl/filter.h"
#include "ctl/generate.h"
#include "ctl/records.h"
#include "ctl/say.h"

static struct caller end_of(const struct entry *e, unsigned int end)
{
	int64_t uid = entry_number(e, end + END_UID, ID_NONE);

	return (struct caller){.uid = uid >= 0 && uid < ID_NONE ? (uint32_t)uid : ID_NONE,
		.unit = entry_text(e, end + END_UNIT),
		.comm = entry_text(e, end + END_COMM)};
}

/* Is that end the service? */
static bool is_meant(const struct generation *g, const struct entry *e, unsigned int end)
{
	if (g->is_unit)
		return slice_equal(entry_text(e, end + END_UNIT), g->what);
	return names_have(entry_text(e, end + END_NAMES), g->what) ||
	       slice_equal(entry_text(e, end + END_NAME), g->what);
}

/* All names of that end that are whole. */
static int names_add(struct generation *g, const struct entry *e, unsigned int end)
{
	const struct record_value *names = entry_value(e, end + END_NAMES);
	struct caller owner = end_of(e, end);
	struct slice rest = names ? names->text : (struct slice){NULL, 0};
	int r = 0;

	while (r == 0 && rest.size > 0) {
		const char *comma = memchr(rest.text, ',', rest.size);
		struct slice name = {rest.text, comma ? (size_t)(comma - rest.text) : rest.size};
		size_t over = name.size + (comma != NULL);

		rest = (struct slice){rest.text + over, rest.size - over};
		if (name.size && name.text[0] != '+' && (comma || names->full <= names->text.size))
			r = generation_add_name(g, &owner, name);
	}
	return r;
}

static int call_add(struct generation *g, const struct entry *e, bool is_callee)
{
	struct slice to = entry_text(e, RECORD_DESTINATION);
	struct caller caller = end_of(e, RECORD_SENDER);
	struct wanted_message call = {.name = to,
		.path = entry_text(e, RECORD_PATH),
		.interface = entry_text(e, RECORD_INTERFACE),
		.member = entry_text(e, RECORD_MEMBER)};

	if (is_callee && !g->is_unit)
		call.name = g->what;
	else if (to.size && to.text[0] == ':')
		call.name = names_first(entry_value(e, RECORD_PEER_NAMES));
	return generation_add_call(g, &caller, &call, NULL);
}

static int entry_add(struct generation *g, const struct entry *e)
{
	bool is_caller = is_meant(g, e, RECORD_SENDER);
	bool is_callee = is_meant(g, e, RECORD_PEER) ||
			 (!g->is_unit && slice_equal(entry_text(e, RECORD_DESTINATION), g->what));
	struct caller owner = end_of(e, RECORD_SENDER);
	int r = 0;

	if (slice_is(entry_text(e, RECORD_VERB), "own"))
		return is_caller || slice_equal(entry_text(e, RECORD_NAME), g->what)
			       ? generation_add_name(g, &owner, entry_text(e, RECORD_NAME))
			       : 0;
	if (is_caller)
		r = names_add(g, e, RECORD_SENDER);
	if (r == 0 && is_callee)
		r = names_add(g, e, RECORD_PEER);
	if (r == 0 && (is_caller || is_callee) &&
		slice_is(entry_text(e, RECORD_TYPE), "method_call"))
		r = call_add(g, e, is_callee);
	return r;
}

int generation_from_records(struct generation *g, const struct options *o)
{
	struct records_want want;
	struct records *records;
	const struct entry *e;
	struct filter filter;
	int r;

	if (filter_init(&filter, o, &want) < 0)
		return -1;
	filter.denied = false;
	if (records_open(&records, &want) < 0)
		return -1;
	while ((r = records_next(records, &e)) > 0) {
		r = filter_passes(&filter, e) ? entry_add(g, e) : 0;
		if (r < 0) {
			say("%s", r == -E2BIG ? "too many different calls" : strerror(-r));
			break;
		}
	}
	records_close(records);
	filter_fini(&filter);
	return r < 0 ? -1 : 0;
}
