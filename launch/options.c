/*
 * options.c - dbus-daemon's command line: a value stands behind '=' or in the next word, and the
 * descriptors of --print-address and --print-pid may be left out. Saying a thing twice that can
 * hold only once is an error, as there.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/drop.h"
#include "launch/options.h"

enum value { VALUE_NONE, VALUE_NEEDED, VALUE_OPTIONAL };

struct parse {
	struct options options;
	const char *name; /* of the option being read */
	char *error;
};

struct option {
	const char *name;
	enum value value;
	int number; /* meaning known to `take` */
	int (*take)(struct parse *p, const struct option *option, const char *value);
};

static int take_config(struct parse *p, const struct option *option, const char *value)
{
	static const char *const standard[] = {
		NULL, DATA_DIR "/system.conf", DATA_DIR "/session.conf"};

	if (p->options.config) {
		snprintf(p->error, OPTIONS_ERROR, "%s: the configuration file is already %s",
			p->name, p->options.config);
		return -EINVAL;
	}
	p->options.config = option->number ? standard[option->number] : value;
	return 0;
}

static int take_address(struct parse *p, const struct option *option, const char *value)
{
	(void)option;
	if (p->options.address) {
		snprintf(p->error, OPTIONS_ERROR, "%s: the address is already %s", p->name,
			p->options.address);
		return -EINVAL;
	}
	p->options.address = value;
	return 0;
}

static int take_descriptor(struct parse *p, const struct option *option, const char *value)
{
	int *fd = option->number ? &p->options.print_pid : &p->options.print_address;
	char *end;
	long n = STDOUT_FILENO;

	if (*fd >= 0) {
		snprintf(p->error, OPTIONS_ERROR, "%s: descriptor %d was already named", p->name,
			*fd);
		return -EINVAL;
	}
	if (value && *value) {
		errno = 0;
		n = strtol(value, &end, 10);
		if (*end || errno || n < 0 || n > INT_MAX) {
			snprintf(p->error, OPTIONS_ERROR, "%s: \"%s\" is not a file descriptor",
				p->name, value);
			return -EINVAL;
		}
	}
	*fd = (int)n;
	return 0;
}

static int take_action(struct parse *p, const struct option *option, const char *value)
{
	(void)value;
	p->options.action = (enum options_action)option->number;
	return 0;
}

static int take_fork(struct parse *p, const struct option *option, const char *value)
{
	(void)value;
	p->options.fork = (enum options_fork)option->number;
	return 0;
}

static int take_log(struct parse *p, const struct option *option, const char *value)
{
	(void)value;
	p->options.log = (enum options_log)option->number;
	return 0;
}

static int take_no_pidfile(struct parse *p, const struct option *option, const char *value)
{
	(void)option;
	(void)value;
	p->options.no_pidfile = true;
	return 0;
}

static int take_permissive(struct parse *p, const struct option *option, const char *value)
{
	(void)option;
	(void)value;
	p->options.permissive = true;
	return 0;
}

static int take_systemd(struct parse *p, const struct option *option, const char *value)
{
	(void)option;
	(void)value;
	p->options.systemd_activation = true;
	return 0;
}

static int refuse_windows(struct parse *p, const struct option *option, const char *value)
{
	(void)option;
	(void)value;
	snprintf(p->error, OPTIONS_ERROR, "%s is for Windows only", p->name);
	return -EINVAL;
}

static const struct option option_table[] = {
	{"--config-file", VALUE_NEEDED, 0, take_config},
	{"--system", VALUE_NONE, 1, take_config},
	{"--session", VALUE_NONE, 2, take_config},
	{"--address", VALUE_NEEDED, 0, take_address},
	{"--print-address", VALUE_OPTIONAL, 0, take_descriptor},
	{"--print-pid", VALUE_OPTIONAL, 1, take_descriptor},
	{"--fork", VALUE_NONE, FORK_ALWAYS, take_fork},
	{"--nofork", VALUE_NONE, FORK_NEVER, take_fork},
	{"--nopidfile", VALUE_NONE, 0, take_no_pidfile},
	{"--syslog", VALUE_NONE, LOG_BOTH, take_log},
	{"--syslog-only", VALUE_NONE, LOG_SYSLOG_ONLY, take_log},
	{"--nosyslog", VALUE_NONE, LOG_STDERR_ONLY, take_log},
	{"--systemd-activation", VALUE_NONE, 0, take_systemd},
	{"--permissive", VALUE_NONE, 0, take_permissive},
	{"--introspect", VALUE_NONE, ACTION_INTROSPECT, take_action},
	{"--version", VALUE_NONE, ACTION_VERSION, take_action},
	{"--help", VALUE_NONE, ACTION_HELP, take_action},
	{"-h", VALUE_NONE, ACTION_HELP, take_action},
	{"-?", VALUE_NONE, ACTION_HELP, take_action},
	{"--ready-event-handle", VALUE_NEEDED, 0, refuse_windows},
};

/* The option that `word` names, and the value behind its '=', NULL without. */
static const struct option *option_find(const char *word, const char **ret_value)
{
	size_t n = strcspn(word, "=");

	for (size_t i = 0; i < ARRAY_SIZE(option_table); i++) {
		const struct option *o = &option_table[i];

		if (strlen(o->name) != n || memcmp(o->name, word, n) != 0)
			continue;
		if (word[n] == '=' && o->value == VALUE_NONE)
			return NULL;
		*ret_value = word[n] == '=' ? word + n + 1 : NULL;
		return o;
	}
	return NULL;
}

int options_parse(int argc, char *const *argv, struct options *ret, char error[OPTIONS_ERROR])
{
	struct parse p = {{.print_address = -1, .print_pid = -1}, NULL, error};

	error[0] = '\0';
	for (int i = 1; i < argc && p.options.action == ACTION_RUN; i++) {
		const char *value = NULL;
		const struct option *o = option_find(argv[i], &value);
		bool more = i + 1 < argc;

		if (!o)
			return -EINVAL;
		p.name = o->name;
		if (!value && more && o->value == VALUE_NEEDED)
			value = argv[++i];
		else if (!value && more && o->value == VALUE_OPTIONAL && argv[i + 1][0] != '-')
			value = argv[++i];
		if (!value && o->value == VALUE_NEEDED)
			return -EINVAL;
		if (o->take(&p, o, value) < 0)
			return -EINVAL;
	}
	if (p.options.address && !*p.options.address)
		p.options.address = NULL;
	if (p.options.action == ACTION_RUN && (!p.options.config || !*p.options.config)) {
		snprintf(error, OPTIONS_ERROR, "No configuration file was named");
		return -EINVAL;
	}
	*ret = p.options;
	return 0;
}

const char *options_usage(void)
{
	return "dbus-warden [--system] [--session] [--config-file=FILE] [--address=ADDRESS]"
	       " [--print-address[=DESCRIPTOR]] [--print-pid[=DESCRIPTOR]] [--fork] [--nofork]"
	       " [--nopidfile] [--syslog] [--syslog-only] [--nosyslog] [--systemd-activation]"
	       " [--permissive] [--introspect] [--version] [--help]";
}
