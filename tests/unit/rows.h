/*
 * rows.h - configurations, each with what describe.h tells of it, for tests that go through tables of
 * them. rows_begin makes the folder, *state, in which the file is written that is read; it is "main"
 * in complaints.
 */
#pragma once

#include "tests/unit/describe.h"

#define HEAD "<busconfig><listen>unix:path=/x</listen>"
#define TAIL "</busconfig>"
#define DEFAULT(rules) "<policy context=\"default\">" rules "</policy>"

#define FATAL(sentence) "fatal main:1: " sentence "\nno image\n"
#define BAD(sentence) FATAL("invalid combination of attributes: " sentence)
#define EMPTY_RULE                                                                                 \
	FATAL("a rule must have one or more attributes that say what it is about (log, min_fds "   \
	      "and max_fds do not)")

struct row {
	const char *body; /* of a <busconfig> that has an address, or the whole document */
	const char *want;
};

static inline void rows_check(
	void **state, const struct row *rows, size_t n, bool whole, unsigned int shown)
{
	const char *folder = *state;
	DROP_HEAP char *path = NULL;

	assert_true(asprintf(&path, "%s/main", folder) > 0);
	for (size_t i = 0; i < n; i++) {
		DROP_HEAP char *body = NULL, *got = NULL;

		assert_true(asprintf(&body, "%s%s%s", whole ? "" : HEAD, rows[i].body,
				    whole ? "" : TAIL) >= 0);
		put_file(folder, "main", body);
		got = describe_file(path, &made_up_site, shown, strlen(folder) + 1);
		if (strcmp(got, rows[i].want) != 0)
			print_error("%s\n", rows[i].body);
		assert_string_equal(got, rows[i].want);
	}
}

static inline int rows_begin(void **state)
{
	char folder[] = "/tmp/test_rows.XXXXXX";

	*state = mkdtemp(folder) ? strdup(folder) : NULL;
	return *state ? 0 : -1;
}

static inline int rows_end(void **state)
{
	DROP_HEAP char *folder = *state, *path = NULL;

	if (asprintf(&path, "%s/main", folder) < 0)
		return -1;
	unlink(path);
	return rmdir(folder);
}
