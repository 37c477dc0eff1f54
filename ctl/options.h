/*
 * options.h - the options of all subcommands, in one table: what each is called, which subcommands
 * take it, and where its value goes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Values of an option that may be given several times; borrowed texts, owned list. */
struct words {
	const char **list;
	uint32_t n;
};

/* What a subcommand takes. */
enum {
	TAKES_OUTPUT = 1, /* --json */
	TAKES_POLICY = 2, /* whose policy: files or a running bus */
	TAKES_SUBJECT = 4, /* who asks, and for what */
	TAKES_PEER = 8, /* who is at the other end */
	TAKES_LINT = 16,
	TAKES_GRAPH = 32,
	TAKES_EXPLAIN = 64,
	TAKES_OWNER = 128, /* --peer-user alone */
	TAKES_BUS = 256, /* which running bus */
	TAKES_RECORDS = 512, /* which records, from where */
	TAKES_OUTCOME = 1024, /* records of what was denied, of what was allowed */
	TAKES_FOLLOW = 2048,
	TAKES_WATCH = 8192,
	TAKES_SECTION = 4096, /* to whom rules are to speak */
};

enum wish {
	WISH_NONE,
	WISH_CONNECT,
	WISH_OWN,
	WISH_SEE,
	WISH_SEND,
	WISH_BROADCAST,
	WISH_RECEIVE,
	WISH_LIMITS,
};

struct options {
	bool json, help;
	/* policy */
	struct words configs;
	bool live, session;
	const char *address;
	/* subject */
	const char *user, *subject, *label; /* and `unit` */
	struct words groups, names, slices;
	enum wish wish;
	unsigned int wishes; /* how many were given */
	const char *target; /* of the wish: a bus name, or NULL */
	const char *type, *interface, *member, *path, *error, *arg0, *fds, *reply;
	const char *polkit; /* what it would say */
	bool no_interface, copy, idle;
	/* peer */
	const char *peer, *peer_user, *peer_unit, *peer_label, *bus_label;
	struct words peer_groups, peer_names, peer_slices;
	/* lint */
	const char *fail_on;
	struct words ignored, actions;
	bool graph, fitting;
	/* records; `user` and `session` too; `unit` is of subjects, too */
	const char *from, *unit, *destination, *reason, *since, *until, *by, *watch;
	bool follow, denied, allowed, permissive;
	/* what is no option */
	const char *const *rest;
	uint32_t rest_n;
};

/*
 * Reads `argv` (argv[0] names the command in complaints). 0; -EINVAL, told to standard error;
 * -ENOMEM. *ret borrows from argv; options_fini in any case.
 */
int options_read(struct options *ret, unsigned int takes, int argc, char **argv);
void options_fini(struct options *o);
/* Whether an option's text is a decimal number up to `most`; *ret is written if so. */
bool option_number(const char *text, uint32_t most, uint32_t *ret);
/* Lists the options of a subcommand. */
void options_help(unsigned int takes, FILE *to);
