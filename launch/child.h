/* child.h - programs that dbus-warden starts: how, as whom, and how they end */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/caps.h"
#include "base/loop.h"

struct child_plan {
	const char *program; /* its path */
	const char *const *argv;
	char *const *envp; /* NULL: ours */
	/* becomes LINK_FD; -1: none. Borrowed */
	int channel;
	int second; /* becomes LINK_SECOND_FD, beside a channel; 0: none. Borrowed */
	/* whether the child keeps what we inherited from our own caller; else it gets 0, 1, 2 and the
	 * channel only */
	bool keep_fds;
	bool quiet; /* stderr goes to /dev/null; stdin and stdout always do */
	const struct caps_user *user; /* to become; NULL: stays who we are */
	/* gives up all capabilities and the hope of more, and leaves signals that end the bus to us */
	bool harmless;
	unsigned int but; /* the one capability that a harmless one keeps, if we have it; 0: none */
	bool dies_with_us;
	/* not one of ours: keeps our stdout, has these limits and nobody's privileges of survival */
	bool foreign;
	const struct rlimit *files; /* of a foreign one */
	const char *account; /* to become, by name; looked up after fork(), as NSS may block */
};

struct child;
/* `status` is waitpid's; the child is gone and may be started anew. <0 ends the loop. */
typedef int (*child_fn)(struct child *child, int status);

/* Zero-initialised means not running. */
struct child {
	pid_t pid; /* 0: not running */
	int pidfd;
	struct source source;
	child_fn ended;
};

/* Returns when the program was executed, or -errno if it was not; a positive errno if a foreign one
 * could not even be made what it is to be (there is no such account). */
int child_start(struct child *child, const struct child_plan *plan);
/* Calls `ended` from the loop. */
int child_watch(struct child *child, struct loop *loop, child_fn ended);
/* Waits for a running child for `grace` milliseconds, then kills it, and forgets one that even so does
 * not end. Returns waitpid's status, 0 if it was not running. Its `ended` is not called. */
int child_finish(struct child *child, int grace);
/* Kills it if it runs; its `ended` is called. */
void child_kill(const struct child *child);
/* Forgets one that goes on by itself; harmless if it does not run. */
void child_forget(struct child *child);
/* "exited with status 1", "was killed by signal 11 (Segmentation fault)" */
void child_describe(int status, char *text, size_t size);

/* The path of one of our programs: beside the running one, else in `libexec_dir`. 0 or -errno. */
int child_find(const char *name, const char *libexec_dir, char ret[PATH_MAX]);
