/*
 * oom.h - allocations that fail on demand. The linker sends what the tested code allocates here
 * (oom_wraps in meson.build); while armed, the one that counts down to 0 fails, or all from it on.
 *
 * A test runs what it tests with oom_arm(plan, n) for n = 1, 2, 3 ... until nothing failed.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum oom_plan { OOM_ONCE, OOM_FROM_THEN_ON, OOM_PLANS };

/* More than any test needs: it ends, and fails, instead of running on. */
#define OOM_MAX 100000

static struct {
	enum oom_plan plan;
	uint32_t left; /* allocations until one fails; 0: it has */
	bool armed, failed;
} oom;

static inline void oom_arm(enum oom_plan plan, uint32_t n)
{
	oom.plan = plan;
	oom.left = n;
	oom.failed = false;
	oom.armed = true;
}

/* The test's own allocations in between do not count. */
static inline void oom_pause(void)
{
	oom.armed = false;
}

static inline void oom_resume(void)
{
	oom.armed = true;
}

/* Whether an allocation failed since oom_arm. */
static inline bool oom_disarm(void)
{
	oom.armed = false;
	return oom.failed;
}

static inline bool oom_now(void)
{
	if (!oom.armed || (oom.left == 0 && oom.plan == OOM_ONCE))
		return false;
	if (oom.left > 0 && --oom.left > 0)
		return false;
	oom.failed = true;
	errno = ENOMEM;
	return true;
}

#define OOM_WRAP(type, name, parameters, arguments, failure)                                       \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return oom_now() ? failure : __real_##name arguments;                              \
	}

typedef int (*oom_filter)(const struct dirent *);
typedef int (*oom_order)(const struct dirent **, const struct dirent **);

OOM_WRAP(void *, malloc, (size_t size), (size), NULL)
OOM_WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL)
OOM_WRAP(void *, realloc, (void *p, size_t size), (p, size), NULL)
OOM_WRAP(char *, strdup, (const char *s), (s), NULL)
OOM_WRAP(char *, strndup, (const char *s, size_t n), (s, n), NULL)
/* under which name it is called depends on the size of off_t */
OOM_WRAP(int, scandir64, (const char *path, struct dirent ***names, oom_filter f, oom_order o),
	(path, names, f, o), -1)
OOM_WRAP(int, scandir, (const char *path, struct dirent ***names, oom_filter f, oom_order o),
	(path, names, f, o), -1)

int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int n = -1;

	va_start(args, format);
	if (!oom_now())
		n = vasprintf(ret, format, args);
	va_end(args);
	return n;
}
