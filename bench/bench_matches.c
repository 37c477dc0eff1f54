/*
 * bench_matches.c - nanoseconds per look-up of the registry of match rules, with more and more
 * rules of other holders, none of which fits: what the rules of others cost a message.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "broker/matches.h"
#include "tests/unit/arguments.h"

#define PER_HOLDER 512 /* the usual limit of rules per connection */
#define LOOKUPS 200000
#define RULES_MAX 100000

/* %u: the number of the rule. Each kind by itself, then all of them mixed. */
static const char *const kinds[] = {
	"type='signal',interface='org.example.I%u'",
	"type='signal',interface='org.example.I',member='M%u'",
	"type='signal',path='/org/example/%u'",
	"type='signal',interface='org.example.I',member='M',arg0='org.example.N%u'",
	"type='signal',interface='org.example.I',member='M',arg1='%u'",
	"type='signal',arg0namespace='org.example.N%u'",
	"type='signal',path_namespace='/org/example/%u'",
	"type='signal',destination='org.example.N%u'",
};

static void count_found(void *arg, struct match *match)
{
	(void)match;
	++*(size_t *)arg;
}

static void add(struct matches *registry, struct match_holder *holder, const char *text)
{
	struct matchrule *rule;
	const char *why = "failed";

	if (matchrule_parse(slice_of(text), &rule, &why) || match_add(registry, holder, rule))
		errx(EXIT_FAILURE, "%s: %s", text, why);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* `kind` ARRAY_SIZE(kinds): of each in turn */
static void measure(const struct message *message, size_t kind, unsigned int rules)
{
	static struct match_holder holders[RULES_MAX / PER_HOLDER + 2];
	size_t holders_n = rules / PER_HOLDER + 2, found = 0;
	struct matches registry = {0};
	char text[128];
	double begin;

	for (size_t i = 0; i < holders_n; i++)
		match_holder_init(&holders[i]);
	for (unsigned int i = 0; i < rules; i++) {
		const char *form = kinds[kind < ARRAY_SIZE(kinds) ? kind : i % ARRAY_SIZE(kinds)];

		snprintf(text, sizeof(text), form, i);
		add(&registry, &holders[1 + i / PER_HOLDER], text);
	}
	add(&registry, &holders[0], "type='signal',interface='org.example.I',member='M'");

	begin = seconds();
	for (unsigned int i = 0; i < LOOKUPS; i++) {
		struct matchable m;

		m.message = message;
		m.recipient_names = NULL;
		m.recipient_names_n = 0;
		m.args_read = 0;
		matches_find(&registry, &m, count_found, &found);
	}
	printf(" %8.0f", (seconds() - begin) * 1e9 / LOOKUPS);
	if (found != LOOKUPS)
		errx(EXIT_FAILURE, "%zu found", found);
	for (size_t i = 0; i < holders_n; i++)
		match_holder_fini(&holders[i]);
}

int main(void)
{
	static const unsigned int counts[] = {10, 1000, RULES_MAX};
	static const char *const texts[] = {"org.example.Name", "old", "new"};
	struct arguments arguments;
	struct message message = {.type = MESSAGE_SIGNAL,
		.path = SLICE("/org/example/Object"),
		.interface = SLICE("org.example.I"),
		.member = SLICE("M")};

	arguments_put(&arguments, &message, "sss", texts);
	printf("ns per look-up with so many rules of others:");
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		printf(" %u", counts[i]);
	printf("\n");
	for (size_t kind = 0; kind <= ARRAY_SIZE(kinds); kind++) {
		for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
			measure(&message, kind, counts[i]);
		printf("  %s\n", kind < ARRAY_SIZE(kinds) ? kinds[kind] : "all of these");
	}
	return 0;
}
