/* command.h - the subcommands: each reads its own arguments and returns an enum status */
#pragma once

#include "ctl/options.h"
#include "ctl/say.h"

struct command {
	const char *name, *rest, *summary; /* rest: arguments that are no options */
	unsigned int takes;
	uint32_t rest_min, rest_max;
	int (*run)(const struct options *o);
};

int check_run(const struct options *o);
int explain_run(const struct options *o);
int lint_run(const struct options *o);
int test_run(const struct options *o);
int diff_run(const struct options *o);
int generate_run(const struct options *o);
int suggest_run(const struct options *o);
int log_run(const struct options *o);
int whocalled_run(const struct options *o);
int whomay_run(const struct options *o);
