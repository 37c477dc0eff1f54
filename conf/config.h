/*
 * config.h - what was read of a configuration, in reading order, before it becomes an image. A file
 * of an <includedir> is read into a config of its own, so that its fault can be confined to it.
 */
#pragma once

#include <stdbool.h>

#include "conf/complaint.h"
#include "policy/image.h"

/* One <allow>, <deny>, <check> or <audit>. */
struct draft {
	struct list link; /* config.rules */
	struct place at;
	enum section_context context;
	uint32_t id; /* of contexts that have no pattern */
	struct slice pattern; /* of those that have */
	struct rule rule; /* its plain fields; its texts stand here until the image is written: */
	struct slice name, path, interface, member, error, arg0, action, text;
	bool nobody; /* its user or group is unknown */
};

/* One <restrict>; as above. */
struct restriction_draft {
	struct list link; /* config.restrictions */
	struct place at;
	struct restriction restriction;
	struct slice name, unit, label, text;
};

/* One <limit> of some connections only; as above. */
struct override_draft {
	struct list link; /* config.overrides */
	struct place at;
	struct override override;
	struct slice pattern;
};

/* A listen address, or the path of a folder. */
struct item {
	struct list link; /* config.listens, config.folders, compilation.watches */
	struct slice text;
	bool strict; /* a folder in which each file is called after its service */
};

struct association_draft {
	struct list link; /* config.labels */
	struct slice own, context;
};

struct config {
	struct list rules; /* struct draft.link */
	struct list restrictions; /* struct restriction_draft.link */
	struct list overrides; /* struct override_draft.link */
	struct list listens; /* struct item.link */
	struct list folders; /* struct item.link: service folders, the first wins */
	struct list labels; /* struct association_draft.link */
	uint32_t flags; /* IMAGE_* */
	uint32_t auth; /* AUTH_* */
	bool auth_said;
	uint32_t apparmor; /* 0: not said, else 1 + enum apparmor_mode */
	uint32_t records; /* 0: not said, else policy/sinks.h's */
	struct slice type, pidfile, user;
	struct place user_at;
	int64_t limits[LIMITS]; /* -1: not said */
};

void config_init(struct config *c);
/* Appends what `from` says to `to`, as if it stood there. `from` is empty afterwards. */
void config_merge(struct config *to, struct config *from);
/* Takes over only what closes: the deny rules of `from`, its checks, which become denies, and its
 * restrictions; and the audit rules, which open nothing. Returns how many rules deny. */
uint32_t config_salvage(struct config *to, struct config *from);
bool config_has_folder(const struct config *c, struct slice path);
