/*
 * log.c - lines for the administrator, on stderr, in syslog or both. stderr lines are prefixed
 * with the program's name like every Unix tool's; a failing sink is never an error of the caller.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/printable.h"

static const char *log_program = "dbus-warden";
static unsigned int log_targets = LOG_TO_STDERR;

void log_open(const char *program, unsigned int targets)
{
	log_program = program;
	log_targets = targets;
	if (targets & LOG_TO_SYSLOG)
		openlog(program, LOG_PID, LOG_DAEMON);
}

void log_line(int level, const char *format, ...)
{
	char line[4096];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	/* one call, one line: what came from outside cannot start another */
	make_printable(line);
	if (log_targets & LOG_TO_SYSLOG)
		syslog(level, "%s", line);
	if (log_targets & LOG_TO_STDERR)
		dprintf(STDERR_FILENO, "%s[%d]: %s\n", log_program, (int)getpid(), line);
}
