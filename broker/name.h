/*
 * name.h - the registry of bus names: unique ones, well-known ones with their queues of owners,
 * and names that only occur as sender in match rules. Unique names are never given out twice.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"
#include "broker/matches.h"

struct peer;

enum { NAME_ALLOW_REPLACEMENT = 1, NAME_REPLACE_EXISTING = 2, NAME_DO_NOT_QUEUE = 4 };
enum {
	REQUEST_PRIMARY_OWNER = 1,
	REQUEST_IN_QUEUE = 2,
	REQUEST_EXISTS = 3,
	REQUEST_ALREADY_OWNER = 4
};
enum { RELEASE_RELEASED = 1, RELEASE_NON_EXISTENT = 2, RELEASE_NOT_OWNER = 3 };

struct names {
	struct name *table;
	uint32_t owned; /* names with an owner, unique ones included, the driver's not */
	uint32_t owned_peak;
	/* told of a peer whose set of names is another one; NULL: nobody needs to know */
	void (*changed)(struct peer *peer);
	uint64_t sets; /* how many name sets there ever were: party.names_id of the last */
};

struct name {
	struct names *names;
	struct list queue; /* owner.name_link; the first is the primary owner */
	struct peer *unique; /* the peer whose unique name this is */
	struct matches *rules; /* match rules with this sender; NULL while there are none */
	bool permanent; /* the driver's own name */
	struct slice text; /* NUL-terminated, behind the struct */
	UT_hash_handle hh;
};

/* A place in a name's queue. */
struct owner {
	struct name *name;
	struct peer *peer;
	uint32_t flags;
	struct list name_link; /* name.queue */
	struct list peer_link; /* peer.owned */
};

/* Who owned a name before and who owns it now; name NULL: nothing changed. */
struct name_change {
	struct name *name;
	struct peer *from, *to;
};

struct name *name_find(struct names *names, struct slice text);
/* Finds or makes; NULL for want of memory. Give back with name_put when nothing was hung on it. */
struct name *name_get(struct names *names, struct slice text);
/* Frees the name if it has no owner, no rules and is no peer's unique name. */
void name_put(struct name *name);
/* The primary owner: of a unique name its peer. NULL: none (or the driver). */
struct peer *name_owner(const struct name *name);

/* RequestName once everything was checked: *ret_code is REQUEST_*. 0 or -ENOMEM. */
int name_request(struct names *names, struct peer *peer, struct slice text, uint32_t flags,
	uint32_t *ret_code, struct name_change *ret_change);
/* ReleaseName: *ret_code is RELEASE_*. The changed name may only be freed (name_put) by the caller
 * after telling of the change. */
void name_release(struct names *names, struct peer *peer, struct slice text, uint32_t *ret_code,
	struct name_change *ret_change);
/* Drops one place in a queue; as name_release. */
void owner_drop(struct owner *owner, struct name_change *ret_change);

/* The rules registry of a name, made if need be; NULL for want of memory. */
struct matches *name_rules(struct name *name);

/* Rebuilds peer.names from its unique name and its places in queues, under a new names_id.
 * 0 or -ENOMEM. */
int name_set_rebuild(struct peer *peer);
