/* test_options.c - command lines to what they mean, or to a refusal */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/drop.h"
#include "launch/options.h"

#define WORDS 8

static const struct {
	const char *line; /* words separated by blanks; "''" is an empty word */
	const char *want; /* "!" and the error, "!" alone: the usage */
} lines[] = {
	/* which configuration */
	{"", "!No configuration file was named"},
	{"--config-file=a", "config a"},
	{"--config-file a", "config a"},
	{"--config-file -a", "config -a"},
	{"--system", "config " DATA_DIR "/system.conf"},
	{"--session", "config " DATA_DIR "/session.conf"},
	{"--config-file", "!"},
	{"--config-file=", "!No configuration file was named"},
	{"--session --system",
		"!--system: the configuration file is already " DATA_DIR "/session.conf"},
	{"--config-file=a --config-file=b", "!--config-file: the configuration file is already a"},
	{"--config-file=a --session", "!--session: the configuration file is already a"},
	/* the address to listen on */
	{"--session --address=unix:path=/a", "config " DATA_DIR "/session.conf at unix:path=/a"},
	{"--config-file=a --address systemd:", "config a at systemd:"},
	{"--config-file=a --address=", "config a"},
	{"--config-file=a --address ''", "config a"},
	{"--config-file=a --address", "!"},
	{"--config-file=a --address=b: --address=c:", "!--address: the address is already b:"},
	/* where to print */
	{"--config-file=a --print-address", "config a address>1"},
	{"--config-file=a --print-address=", "config a address>1"},
	{"--config-file=a --print-address=5", "config a address>5"},
	{"--config-file=a --print-address 5", "config a address>5"},
	{"--print-address 5 --config-file=a", "config a address>5"},
	{"--print-address --config-file=a", "config a address>1"},
	{"--config-file=a --print-pid=0", "config a pid>0"},
	{"--config-file=a --print-pid --print-address", "config a address>1 pid>1"},
	{"--config-file=a --print-address --print-pid 4", "config a address>1 pid>4"},
	{"--config-file=a --print-address=x", "!--print-address: \"x\" is not a file descriptor"},
	{"--config-file=a --print-address 1x", "!--print-address: \"1x\" is not a file descriptor"},
	{"--config-file=a --print-pid=-1", "!--print-pid: \"-1\" is not a file descriptor"},
	{"--config-file=a --print-pid=4294967297",
		"!--print-pid: \"4294967297\" is not a file descriptor"},
	{"--config-file=a --print-pid --print-pid", "!--print-pid: descriptor 1 was already named"},
	/* switches: the last one of a kind holds */
	{"--config-file=a --fork", "config a fork"},
	{"--config-file=a --nofork", "config a nofork"},
	{"--config-file=a --fork --nofork", "config a nofork"},
	{"--config-file=a --syslog", "config a syslog"},
	{"--config-file=a --syslog-only", "config a syslog-only"},
	{"--config-file=a --syslog --nosyslog", "config a nosyslog"},
	{"--config-file=a --nopidfile", "config a nopidfile"},
	{"--config-file=a --systemd-activation", "config a systemd"},
	{"--config-file=a --fork=yes", "!"},
	/* texts end the reading */
	{"--version", "version"},
	{"--introspect --nonsense", "introspect"},
	{"--config-file=a --help", "help"},
	{"-h", "help"},
	/* what there is not */
	{"--config-file=a --ready-event-handle=7", "!--ready-event-handle is for Windows only"},
	{"--config-file=a --nonsense", "!"},
	{"--config-file=a nonsense", "!"},
	{"--config-file=a ''", "!"},
	{"--config-filex=a", "!"},
	{"--", "!"},
};

static void describe(const struct options *o, char *text, size_t size)
{
	static const char *const actions[] = {"", "version", "introspect", "help"};
	static const char *const forks[] = {"", " fork", " nofork"};
	static const char *const logs[] = {"", " syslog", " syslog-only", " nosyslog"};
	char address[32] = "", pid[32] = "";

	if (o->action != ACTION_RUN) {
		snprintf(text, size, "%s", actions[o->action]);
		return;
	}
	if (o->print_address >= 0)
		snprintf(address, sizeof(address), " address>%d", o->print_address);
	if (o->print_pid >= 0)
		snprintf(pid, sizeof(pid), " pid>%d", o->print_pid);
	snprintf(text, size, "config %s%s%s%s%s%s%s%s%s", o->config, o->address ? " at " : "",
		o->address ? o->address : "", address, pid, forks[o->fork], logs[o->log],
		o->no_pidfile ? " nopidfile" : "", o->systemd_activation ? " systemd" : "");
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		DROP_HEAP char *copy = strdup(lines[i].line);
		char *argv[WORDS + 1] = {copy}, *rest = copy;
		char error[OPTIONS_ERROR], got[512];
		struct options options;
		int argc = 1;

		for (char *word; argc < WORDS && (word = strtok_r(rest, " ", &rest)); argc++)
			argv[argc] = strcmp(word, "''") == 0 ? word + 2 : word;
		if (options_parse(argc, argv, &options, error) < 0)
			snprintf(got, sizeof(got), "!%s", error);
		else
			describe(&options, got, sizeof(got));
		if (strcmp(got, lines[i].want) != 0)
			print_error("%s\n", lines[i].line);
		assert_string_equal(got, lines[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
