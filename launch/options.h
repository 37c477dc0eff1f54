/* options.h - the command line of dbus-warden, which is dbus-daemon's */
#pragma once

#include <stdbool.h>

enum options_action { ACTION_RUN, ACTION_VERSION, ACTION_INTROSPECT, ACTION_HELP };
/* What the command line says overrides what the configuration says. */
enum options_fork { FORK_CONFIGURED, FORK_ALWAYS, FORK_NEVER };
enum options_log { LOG_CONFIGURED, LOG_BOTH, LOG_SYSLOG_ONLY, LOG_STDERR_ONLY };

struct options {
	enum options_action action;
	enum options_fork fork;
	enum options_log log;
	const char *config; /* borrowed, as all texts here; never NULL with ACTION_RUN */
	const char *address; /* NULL: what the configuration listens on */
	int print_address; /* a descriptor, -1: do not print */
	int print_pid;
	bool no_pidfile;
	bool systemd_activation;
	bool permissive; /* what the rules deny is recorded and let through */
};

#define OPTIONS_ERROR 256

/* 0, or -EINVAL with a sentence in `error` (empty: show the usage). An option that asks for a text
 * (--version, --introspect, --help) ends the reading: nothing behind it is looked at. */
int options_parse(int argc, char *const *argv, struct options *ret, char error[OPTIONS_ERROR]);
/* The usage line(s), without newline. */
const char *options_usage(void);
