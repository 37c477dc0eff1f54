/*
 * log.h - what a process has to say to the administrator (not decisions: those are records and go
 * through audit/trail). One line per call, no trailing newline. Levels are syslog(3)'s.
 */
#pragma once

#include <stdbool.h>
#include <syslog.h>

/* Where lines go; LOG_TO_STDERR until log_open() says otherwise. */
enum log_target { LOG_TO_STDERR = 1, LOG_TO_SYSLOG = 2 };

void log_open(const char *program, unsigned int targets);
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
