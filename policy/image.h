/*
 * image.h - the compiled policy: one flat, position-independent, checksummed run of bytes that
 * dbus-warden-compile writes into a sealed memfd and that launch and broker use in place, after
 * image_open has validated every offset. Integers are in the machine's own byte order: an image
 * never leaves the machine.
 *
 * Layout: struct image_header, then the tables it points to (each 8-aligned), then the strings,
 * then the two tables of the index (index.h).
 * A text is (offset from the start of the image, size) and is followed by NUL; offset 0 = absent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define IMAGE_MAGIC "DBWARD\0\3"
#define IMAGE_SIZE_MAX (64u << 20)

struct image_text {
	uint32_t at, size;
};

/* Those from RULE_SEND on are about messages. RULE_SEE: which names a connection is told of.
 * RULE_AUDIT_OWN, RULE_AUDIT: which decisions about owning and sending are recorded. */
enum rule_verb {
	RULE_CONNECT,
	RULE_OWN,
	RULE_SEE,
	RULE_AUDIT_OWN,
	RULE_SEND,
	RULE_RECEIVE,
	RULE_AUDIT,
	RULE_VERBS
};
/* EFFECT_CHECK: an allow that needs polkit's consent; EFFECT_AUDIT: decides nothing. */
enum rule_effect { EFFECT_DENY, EFFECT_ALLOW, EFFECT_CHECK, EFFECT_AUDIT };
/* How a rule's `name` is compared; NAME_ANY: the attribute was absent or "*". */
enum name_kind { NAME_ANY, NAME_EXACT, NAME_PREFIX };
enum rule_who { WHO_ANY, WHO_USER, WHO_GROUP };
/* Whether `own`, a name of that kind, is said of `name`. */
static inline bool name_kind_fits(enum name_kind kind, struct slice own, struct slice name)
{
	return kind == NAME_ANY ||
	       (kind == NAME_EXACT ? slice_equal(own, name) : slice_leads(own, name, '.'));
}
/* How `arg0` is compared. */
enum arg0_kind { ARG0_ANY, ARG0_EXACT, ARG0_PREFIX };
/* bits of rule.on: which decisions an audit rule wants recorded */
enum { ON_ALLOW = 1, ON_DENY = 2 };
/* An optional true/false attribute. */
enum tristate { UNSET, IS_TRUE, IS_FALSE };

/* One <allow>, <deny>, <check> or <audit>. Absent attributes and "*" are the same: text offset 0, type 0. */
struct rule {
	/* own, own_prefix, see, see_prefix, send_destination[_prefix], receive_sender */
	struct image_text name;
	struct image_text path, interface, member, error;
	struct image_text arg0; /* send_arg0, send_arg0_prefix */
	struct image_text action; /* EFFECT_CHECK: what polkit is asked about */
	struct image_text file; /* where the rule stands */
	struct image_text text; /* the rule as written, e.g. <deny send_type="error"/> */
	uint32_t line;
	uint32_t id; /* RULE_CONNECT: uid or gid, by `who` */
	uint32_t min_fds, max_fds; /* 0 and UINT32_MAX where absent */
	uint32_t keep; /* EFFECT_CHECK: for how many seconds polkit's answer may be used again */
	uint8_t verb; /* enum rule_verb */
	uint8_t effect; /* enum rule_effect */
	uint8_t name_kind; /* enum name_kind */
	uint8_t who; /* enum rule_who, RULE_CONNECT only */
	uint8_t type; /* D-Bus message type 1..4, 0 = any */
	uint8_t eavesdrop; /* enum tristate, as are the next two */
	uint8_t requested_reply;
	uint8_t broadcast;
	uint8_t log; /* 0 or 1 */
	uint8_t arg0_kind; /* enum arg0_kind */
	uint8_t permissive; /* 0 or 1: unless it allows it is only on trial, and another rule decides */
	uint8_t on; /* EFFECT_AUDIT: ON_* */
};

/* It decides nothing: what it would have decided is recorded. */
static inline bool rule_is_on_trial(const struct rule *rule)
{
	return rule->permissive && (rule->effect == EFFECT_DENY || rule->effect == EFFECT_CHECK);
}

enum section_context {
	SECTION_DEFAULT,
	SECTION_GROUP, /* id = gid */
	SECTION_USER, /* id = uid */
	SECTION_NO_CONSOLE, /* at_console="false": applies to everyone, as in the reference */
	SECTION_UNIT, /* id = which of image.patterns, as in the next */
	SECTION_LABEL,
	SECTION_MANDATORY,
};

/* All rules of one context (and id), of all files, in reading order; one run per verb. The runs
 * follow one another through the rule table without gap: each rule stands in one section. */
struct section {
	uint32_t context; /* enum section_context */
	uint32_t id;
	struct {
		uint32_t first, count; /* in the rule table */
		uint32_t kinds; /* bit n: some have name_kind (connect: who) n */
		uint32_t pad;
		uint64_t sizes; /* bit n: some have a name of n bytes (modulo 64) */
	} rules[RULE_VERBS];
};

/* bits of restriction.asks: what an owner of the name must be */
enum { ASKS_USER = 1, ASKS_GROUP = 2, ASKS_UNIT = 4, ASKS_LABEL = 8, ASKS_NOBODY = 16 };

/* <restrict>: the name may be owned by nobody else, whatever rules allow. */
struct restriction {
	struct image_text name, unit, label; /* unit and label are patterns (pattern.h) */
	struct image_text file, text; /* as of rules */
	uint32_t line;
	uint32_t user, group;
	uint8_t name_kind; /* NAME_EXACT or NAME_PREFIX */
	uint8_t asks; /* ASKS_*, at least one */
	uint8_t revoke; /* 0 or 1: the name is taken from an owner who is not that after a reload */
	uint8_t permissive; /* as of rules */
};

enum whose { WHOSE_USER, WHOSE_UNIT, WHOSE_OWNER, WHOSE };

/* <limit user= | unit= | own=>: another value for some connections. */
struct override {
	struct image_text pattern; /* WHOSE_UNIT: a pattern; WHOSE_OWNER: the bus name */
	struct image_text file;
	int64_t value;
	uint32_t line;
	uint32_t uid; /* WHOSE_USER */
	uint16_t limit; /* enum limit */
	uint8_t whose; /* enum whose */
	uint8_t pad[5];
};

/* An activatable service. Arguments of Exec are already split, `argc` texts from `argv` on. */
struct service {
	struct image_text name, file, user, systemd_service, apparmor_label;
	uint32_t argv; /* index into the `texts` table */
	uint32_t argc; /* 0: no Exec */
};

/* Rules with one key of the index; index.h says what keys are. */
struct bucket {
	uint64_t key;
	uint32_t first, count; /* in the order table, ascending; count 0: the place is empty */
	/* not 0: it is split, and bit n: among its rules are some of shape n */
	uint32_t shapes;
	uint32_t pad;
};

struct association {
	struct image_text own, context;
};

/* Something the compiler complains of; fatal ones never come in an image that is used. */
struct complaint {
	struct image_text file, text;
	uint32_t line;
	uint32_t level; /* syslog(3) level */
};

enum apparmor_mode { APPARMOR_ENABLED, APPARMOR_DISABLED, APPARMOR_REQUIRED };
/* bits of image_header.auth */
enum { AUTH_EXTERNAL = 1, AUTH_ANONYMOUS = 2 };
/* bits of image_header.flags */
enum {
	IMAGE_FORK = 1,
	IMAGE_SYSLOG = 2,
	IMAGE_KEEP_UMASK = 4,
	IMAGE_ALLOW_ANONYMOUS = 8,
};

enum limit {
#define LIMIT(id, name, value, max) LIMIT_##id,
#include "policy/limits.def"
#undef LIMIT
	LIMITS
};

struct image_table {
	uint32_t at, count;
};

struct image_header {
	char magic[8];
	uint64_t checksum; /* XXH3_64bits of everything behind this field */
	uint32_t size; /* of the whole image */
	uint32_t flags;
	uint32_t auth;
	uint32_t apparmor; /* enum apparmor_mode */
	uint32_t user_known; /* <user> given and resolved: switch to uid/gid */
	uint32_t uid, gid;
	uint32_t records; /* policy/sinks.h: where to; 0: as always */
	struct image_text user; /* as written */
	struct image_text type; /* "system", "session" or what the file says */
	struct image_text pidfile;
	struct image_text main_file; /* the file the compilation began with */
	int64_t limits[LIMITS];
	struct image_table rules; /* struct rule */
	struct image_table patterns; /* struct image_text: the units and labels of sections */
	struct image_table restrictions; /* struct restriction, sorted by name (memcmp order) */
	struct image_table overrides; /* struct override, sorted by (limit, whose) */
	struct image_table sections; /* struct section, sorted by (context, id) */
	struct image_table services; /* struct service, sorted by name (memcmp order) */
	struct image_table associations; /* struct association */
	struct image_table texts; /* struct image_text: the argv of services */
	struct image_table listens; /* struct image_text, in reading order */
	struct image_table watches; /* struct image_text: folders and files to watch for changes */
	struct image_table complaints; /* struct complaint */
	struct image_table buckets; /* struct bucket, a hash table: 0 or a power of two */
	struct image_table order; /* uint32_t, the rules of each bucket: indexes into `rules` */
};

/* An image that was found good. Borrows the bytes it was opened on. */
struct image {
	const uint8_t *bytes;
	const struct image_header *header;
	const struct rule *rules;
	const struct section *sections;
	const struct image_text *patterns;
	const struct restriction *restrictions;
	const struct override *overrides;
	const struct service *services;
	const struct association *associations;
	const struct image_text *texts, *listens, *watches;
	const struct complaint *complaints;
	const struct bucket *buckets;
	const uint32_t *order;
};

/*
 * Validates everything: magic, checksum, sizes, each offset, NULs, enum values, sort orders, that
 * each section's runs lie in the rule table and hold rules of their verb, that the index finds
 * each rule. `data` must be 8-aligned and must not change. 0 or -EBADMSG, with *ret_why a constant sentence (may be NULL).
 */
int image_open(struct image *ret, const void *data, size_t size, const char **ret_why);

static inline struct slice image_slice(const struct image *image, struct image_text t)
{
	if (!t.at)
		return (struct slice){NULL, 0};
	return (struct slice){(const char *)image->bytes + t.at, t.size};
}

/* NUL-terminated, "" where absent. */
static inline const char *image_string(const struct image *image, struct image_text t)
{
	return t.at ? (const char *)image->bytes + t.at : "";
}

/* The section of a context and id, or NULL. */
const struct section *image_section(
	const struct image *image, enum section_context context, uint32_t id);
/* The first section of that context or a later one; sections + sections_n if there is none. */
const struct section *image_sections_from(const struct image *image, enum section_context context);
/* The restrictions of exactly that name, one after another; *ret_n says how many. */
const struct restriction *image_restrictions(
	const struct image *image, struct slice name, uint32_t *ret_n);
/* The service of that name, or NULL. */
const struct service *image_service(const struct image *image, struct slice name);

/* Whether some rule asks polkit. */
bool image_has_checks(const struct image *image);

static inline int64_t image_limit(const struct image *image, enum limit limit)
{
	return image->header->limits[limit];
}

/* Whether <limit> may be given for some connections only. */
bool limit_is_personal(enum limit limit);
/* "max_match_rules_per_connection" and the like; and back, LIMITS if unknown */
const char *limit_name(enum limit limit);
enum limit limit_find(const char *name);
