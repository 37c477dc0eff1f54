/*
 * fuzz_match.c - a rule that is accepted is printed, and what is printed is the same rule; what it
 * says holds for a message made of the same bytes whether found by key or compared directly
 */
#include "broker/fault.h"
#include "broker/matches.h"
#include "tests/fuzz/fuzz.h"

static void count_found(void *arg, struct match *match)
{
	(void)match;
	++*(unsigned int *)arg;
}

/* A message with all header fields that the rule asks for, as far as a message can have them. */
static void check_search(struct matchrule *rule, bool by_namespace)
{
	struct message message = {.type = rule->type ? rule->type : MESSAGE_SIGNAL,
		.interface = rule->interface,
		.member = rule->member,
		.path = rule->path,
		.destination = rule->destination};
	struct matchable direct = {.message = &message}, keyed = {.message = &message};
	struct match_holder holder;
	struct matches registry = {0};
	unsigned int found = 0;
	bool fits;

	if (by_namespace && rule->path.size)
		message.path.size--;
	fits = matchrule_fits(rule, &direct);
	match_holder_init(&holder);
	MUST(match_add(&registry, &holder, rule) == 0);
	matches_find(&registry, &keyed, count_found, &found);
	MUST(found == fits);
	match_holder_fini(&holder);
	MUST(matches_is_empty(&registry));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct matchrule *rule, *again;
	struct writer out = {.limit = 0}, twice = {.limit = 0};
	const char *why = NULL;
	int r = matchrule_parse(text, &rule, &why);

	if (r) {
		MUST(r == FAULT_LIMITS ? size > MATCHRULE_TEXT_MAX : r == FAULT_BAD_MATCH && why);
		return 0;
	}
	matchrule_print(rule, &out);
	MUST(!out.bad);
	text = (struct slice){out.data ? (const char *)out.data : "", out.size};
	/* quoting can make a text longer than what may be read again */
	if (text.size > MATCHRULE_TEXT_MAX) {
		matchrule_free(rule);
		writer_fini(&out);
		return 0;
	}
	MUST(matchrule_parse(text, &again, &why) == 0);
	MUST(matchrule_equal(rule, again));
	matchrule_print(again, &twice);
	MUST(twice.size == out.size && (!out.size || !memcmp(twice.data, out.data, out.size)));
	check_search(rule, false);
	check_search(again, true);
	writer_fini(&out);
	writer_fini(&twice);
	return 0;
}
