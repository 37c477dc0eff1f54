/*
 * survey.h - which questions have to be asked to know all that a policy says of a bus name: about
 * every subject that rules tell apart, and every message that they tell apart.
 */
#pragma once

#include "ctl/ask.h"
#include "ctl/json.h"

/* Policies that are looked at together. */
#define SURVEYED_MAX 2

/* One of those whom rules tell apart; the first stands for everybody else. */
struct who {
	uint32_t uid, gid; /* gid: ID_NONE if no group is meant */
	char *label; /* owned: "everyone", "user 0 (root)", "group 4 (adm)" */
	struct person persons[SURVEYED_MAX];
};

/* A message to be asked about; "*" stands for whatever no rule names, as in ask.h. */
struct probe {
	enum rule_verb verb; /* RULE_SEND: to the name; RULE_RECEIVE: from it */
	uint8_t type;
	bool requested; /* of replies */
	uint32_t fds;
	struct slice interface, member, path, error; /* interface absent: the call leaves it out */
};

struct survey {
	const struct image *images[SURVEYED_MAX];
	uint32_t images_n;
	struct who *whos; /* owned; stays where it is */
	uint32_t whos_n;
	struct person peers[SURVEYED_MAX]; /* root, or who was named: the owner of the name */
	struct slice name; /* what it is asked about */
	struct probe *probes; /* owned */
	uint32_t probes_n;
};

/* `peer_user`: NULL is root. 0 or -1, told. survey_fini in any case. */
int survey_init(struct survey *ret, const struct policy *const *policies, uint32_t n,
	const char *peer_user);
void survey_fini(struct survey *s);
/* Turns to another name: the probes for messages of that verb and type to or from it. 0 or -1. */
int survey_probe(struct survey *s, struct slice name, enum rule_verb verb, uint8_t type);
/* Index of the probe that names less, but stands for more: without the path, else the member, the
 * interface or error, and last the descriptors. Itself, if it names nothing. */
uint32_t survey_parent(const struct survey *s, uint32_t probe);
/*
 * Whether the answers to a probe say what those to its parent do not. `answers`: `width` bytes for
 * each probe. A number of descriptors that changes no answer at all tells nothing either.
 */
bool survey_tells(const struct survey *s, const bool *answers, size_t width, uint32_t probe);

/* Whether it is allowed, in policy `image`. */
bool survey_message(const struct survey *s, uint32_t image, uint32_t who, uint32_t probe);
bool survey_own(const struct survey *s, uint32_t image, uint32_t who, struct slice name);
bool survey_connect(const struct survey *s, uint32_t image, uint32_t who);

/* Of probes of one verb and type. */
bool probe_equal(const struct probe *a, const struct probe *b);
/* Those of whom it is true: "everyone but user 7", "user 0 (root), group 4", "nobody". */
void survey_print(const struct survey *s, const bool *is, FILE *to);
/* The same as an array of all their labels. */
void survey_json(struct json *j, const char *key, const struct survey *s, const bool *is);
/* "INTERFACE.MEMBER at PATH", to `to`; "(none)" is an interface that is left out. */
void probe_print(const struct probe *p, FILE *to);
