/*
 * survey.h - which questions have to be asked to know all that a policy says of a bus name: about
 * every subject that rules tell apart, and every message that they tell apart.
 */
#pragma once

#include "conf/arena.h"
#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/like.h"

/* Policies that are looked at together. */
#define SURVEYED_MAX 2

/* What one says to a question; from SAYS_ASK on: that polkit is asked, and about which of `actions`. */
enum { SAYS_NO, SAYS_YES, SAYS_ASK };

/*
 * One of those whom rules tell apart; the first stands for everybody else. Who meets what <restrict>
 * asks is told apart from who is otherwise the same, its base.
 */
struct who {
	struct identity like; /* texts borrowed from an image; a pattern stands for what fits it */
	uint32_t groups[LIKE_GROUPS]; /* like.groups */
	uint32_t base; /* in `whos`: itself, or who it is a case of */
	char *label; /* owned: "everyone", "user 0 (root)", "group 4 (adm)", "unit a.service" */
	struct person persons[SURVEYED_MAX];
};

/* A message to be asked about; "*" stands for whatever no rule names, as in ask.h. */
struct probe {
	/* RULE_SEND: to the name; RULE_RECEIVE: from it; RULE_AUDIT: is it recorded? */
	enum rule_verb verb;
	uint8_t type;
	bool requested; /* of replies */
	uint32_t fds;
	struct slice interface, member, path, error; /* interface absent: the call leaves it out */
	struct slice arg0; /* absent: the first argument is no string, or there is none */
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
	struct slice *actions; /* owned: what polkit is asked about; borrowed texts */
	uint32_t actions_n;
	struct arena arena; /* of texts that are in no image */
};

/* `peer_user`: NULL is root. 0 or -1, told. survey_fini in any case. */
int survey_init(struct survey *ret, const struct policy *const *policies, uint32_t n,
	const char *peer_user);
void survey_fini(struct survey *s);
/* Turns to another name: the probes for messages of that verb and type to or from it. 0 or -1. */
int survey_probe(struct survey *s, struct slice name, enum rule_verb verb, uint8_t type);
/* Index of the probe that names less, but stands for more: without the argument, else the path, the
 * member, the interface or error, and last the descriptors. Itself, if it names nothing. */
uint32_t survey_parent(const struct survey *s, uint32_t probe);
/*
 * Whether the answers to a probe say what those to its parent do not. `answers`: `width` of them for
 * each probe. A number of descriptors that changes no answer at all tells nothing either.
 */
bool survey_tells(const struct survey *s, const uint16_t *answers, size_t width, uint32_t probe);

/* What policy `image` says: SAYS_NO, SAYS_YES, SAYS_ASK + which action. */
uint16_t survey_message(const struct survey *s, uint32_t image, uint32_t who, uint32_t probe);
uint16_t survey_own(const struct survey *s, uint32_t image, uint32_t who, struct slice name);
uint16_t survey_connect(const struct survey *s, uint32_t image, uint32_t who, struct slice name);
uint16_t survey_see(const struct survey *s, uint32_t image, uint32_t who, struct slice name);
/* Whether owning, or trying to, is recorded. */
uint16_t survey_audit_own(const struct survey *s, uint32_t image, uint32_t who, struct slice name);
/* Whether some rule is of that verb, in any of the policies. */
bool survey_has(const struct survey *s, enum rule_verb verb);

/* Of probes of one verb and type. */
bool probe_equal(const struct probe *a, const struct probe *b);
/* Those who are told this: "everyone but user 7", "user 0 (root), group 4", "nobody". */
void survey_print(const struct survey *s, const uint16_t *answers, uint16_t answer, FILE *to);
/* The same as an array of all their labels. */
void survey_json(struct json *j, const char *key, const struct survey *s, const uint16_t *answers,
	uint16_t answer);
/* Whether anybody is told this. */
bool survey_any(const struct survey *s, const uint16_t *answers, uint16_t answer);
/* "deny", "allow", "polkit ACTION"; to `to`. */
void says_print(const struct survey *s, uint16_t answer, FILE *to);
/* "INTERFACE.MEMBER at PATH", to `to`; "(none)" is an interface that is left out. */
void probe_print(const struct probe *p, FILE *to);
