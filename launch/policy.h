/*
 * policy.h - a compiled configuration that launch holds, and its making by dbus-warden-compile: one
 * process per load, which answers with one letter and ends.
 */
#pragma once

#include <stddef.h>

#include "launch/child.h"
#include "policy/image.h"

struct policy {
	int fd; /* owned: the sealed memfd */
	const void *data;
	size_t size;
	struct image image; /* lies in `data` */
};

/* Harmless on a zeroed one. */
void policy_fini(struct policy *p);

/* A compilation under way. Zero-initialised means none. */
struct compile {
	struct child child;
	int channel; /* readable when the answer (or the end) has come */
};

#define COMPILE_SECONDS 60

int compile_start(struct compile *c, const char *program, const char *config);
/*
 * Takes the answer, waits for the compiler to end and forgets it. 0; or -errno with *ret_why, a text
 * to be freed (NULL without memory): one complaint "FILE:LINE: sentence" a line.
 */
int compile_take(struct compile *c, struct policy *ret, char **ret_why);
/* compile_start, a wait, compile_take. */
int compile_wait(const char *program, const char *config, struct policy *ret, char **ret_why);
/* Ends one that is under way; harmless otherwise. */
void compile_abort(struct compile *c);

/* Logs what the compiler complains of in an image that is good all the same. */
void policy_log_complaints(const struct policy *p);
