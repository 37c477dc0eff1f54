/*
 * bench_policy.c - nanoseconds per question put to the gate, with 100 rules in the default section
 * as a system bus has them: one answered by the last rule read, one by the first, one by none.
 */
#include <time.h>

#include "tests/unit/rulebook.h"

#define RULES 100
#define ASKS 1000000

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const struct image *image, const char *what, const char *name)
{
	static const struct judge *const judges[] = {&rules_send, &rules_receive, NULL};
	const struct gate gate = {.judges = judges};
	struct identity identity = {.uid = 1000};
	const struct slice from[] = {SLICE(":1.1")}, to[] = {SLICE(":1.2"), slice_of(name)};
	struct subject subject;
	const struct party sender = {&subject, from, 1, 0}, recipient = {&subject, to, 2, 0};
	const struct traffic traffic = {.type = 1,
		.path = SLICE("/org/example/Object"),
		.interface = SLICE("org.example.Interface"),
		.member = SLICE("Method"),
		.destination = to[1]};
	const struct request request = {
		.verb = VERB_SEND, .sender = &sender, .recipient = &recipient, .traffic = &traffic};
	unsigned int allowed = 0;
	double begin;

	RULEBOOK_MUST(subject_init(&subject, image, &identity) == 0);
	begin = seconds();
	for (unsigned int i = 0; i < ASKS; i++)
		allowed += gate_ask(&gate, &request).answer == ANSWER_ALLOW;
	printf("%-24s %7.1f ns, %s\n", what, (seconds() - begin) * 1e9 / ASKS,
		allowed ? "allowed" : "denied");
	subject_fini(&subject);
}

int main(void)
{
	struct builder *b = builder_new();
	struct rulebook book;
	char rule[256];

	RULEBOOK_MUST(b);
	rulebook_add(b, "default\n<allow receive_sender='*'/>\n<allow send_type='signal'/>\n"
			"<allow send_requested_reply='true' send_type='method_return'/>\n");
	for (unsigned int i = 0; i < RULES; i++) {
		snprintf(rule, sizeof(rule),
			"<allow send_destination='org.example.Service%03u' "
			"send_interface='org.example.Interface'/>",
			i);
		rulebook_add(b, rule);
	}
	rulebook_finish(&book, b);
	measure(&book.image, "the last rule fits", "org.example.Service099");
	measure(&book.image, "the first rule fits", "org.example.Service000");
	measure(&book.image, "none, same length", "org.example.Service999");
	measure(&book.image, "none, other length", "org.example.Other");
	rulebook_close(&book);
	return EXIT_SUCCESS;
}
