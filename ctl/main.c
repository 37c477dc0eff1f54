/* main.c - wardenctl: asks a policy, of files or of a running bus, with the code that the bus uses */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/drop.h"
#include "ctl/command.h"

static const struct command commands[] = {
	{"check", "", "may somebody connect, own a name, send or receive a message?",
		TAKES_OUTPUT | TAKES_POLICY | TAKES_SUBJECT | TAKES_PEER, 0, 0, check_run},
	{"explain", "", "the same, with every rule that was considered",
		TAKES_OUTPUT | TAKES_POLICY | TAKES_SUBJECT | TAKES_PEER | TAKES_EXPLAIN, 0, 0,
		explain_run},
	{"lint", "[FILE...]", "finds what is dangerous, useless or not meant in configuration",
		TAKES_OUTPUT | TAKES_POLICY | TAKES_LINT, 0, UINT32_MAX, lint_run},
	{"test", "FILE...", "asks what files list, and compares with what they expect",
		TAKES_OUTPUT | TAKES_POLICY, 1, UINT32_MAX, test_run},
	{"diff", "A B", "which answers change from one configuration or image to another",
		TAKES_OUTPUT | TAKES_OWNER | TAKES_BUS, 2, 2, diff_run},
	{"log", "", "what was refused, and what else was recorded",
		TAKES_OUTPUT | TAKES_RECORDS | TAKES_OUTCOME | TAKES_FOLLOW, 0, 0, log_run},
	{"who-called", "NAME[.MEMBER]", "which recorded calls were made, by whom",
		TAKES_OUTPUT | TAKES_RECORDS | TAKES_OUTCOME, 1, 1, whocalled_run},
	{"suggest", "", "rules that admit what was refused, and nothing more",
		TAKES_OUTPUT | TAKES_RECORDS | TAKES_SECTION, 0, 0, suggest_run},
	{"generate", "UNIT|NAME", "the least policy for a service, as it runs or was recorded",
		TAKES_OUTPUT | TAKES_RECORDS | TAKES_SECTION | TAKES_BUS | TAKES_WATCH, 1, 1,
		generate_run},
	{"who-may", "NAME", "who may own a name, and call what there",
		TAKES_OUTPUT | TAKES_POLICY | TAKES_OWNER | TAKES_GRAPH, 1, 1, whomay_run},
};

static int usage(FILE *to, int status)
{
	fputs("usage: wardenctl COMMAND [OPTION...] [ARGUMENT...]\n\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-10s %-13s %s\n", commands[i].name, commands[i].rest,
			commands[i].summary);
	fputs("\nwardenctl COMMAND --help lists its options; see also wardenctl(1).\n", to);
	return status;
}

static int command_help(const struct command *c)
{
	printf("usage: wardenctl %s [OPTION...] %s\n%s\n\n", c->name, c->rest, c->summary);
	options_help(c->takes, stdout);
	return STATUS_GOOD;
}

static int command_run(const struct command *c, int argc, char **argv)
{
	struct options o;
	int e = options_read(&o, c->takes, argc, argv);
	int status;

	if (e == 0 && o.help)
		status = command_help(c);
	else if (e == 0 && o.rest_n >= c->rest_min && o.rest_n <= c->rest_max)
		status = c->run(&o);
	else if (e == 0)
		status = say("%s takes %s (see wardenctl %s --help)", c->name,
			c->rest[0] ? c->rest : "options only", c->name);
	else
		status = e == -EINVAL ? STATUS_ERROR : say("%s", strerror(-e));
	options_fini(&o);
	if (fflush(stdout) || ferror(stdout))
		return say("cannot write: %s", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--help") == 0)
		return usage(stdout, STATUS_GOOD);
	if (strcmp(name, "--version") == 0) {
		puts("wardenctl " VERSION);
		return STATUS_GOOD;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(name, commands[i].name) != 0)
			continue;
		argv[1] = argv[0];
		return command_run(&commands[i], argc - 1, argv + 1);
	}
	return usage(stderr, STATUS_ERROR);
}
