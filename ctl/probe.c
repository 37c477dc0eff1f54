/*
 * probe.c - the messages that the rules about a name tell apart: each thing that a rule names, alone
 * and with the others that may stand beside it, and "*" for what none of them names.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "ctl/say.h"
#include "ctl/survey.h"

enum { CALL = 1, RETURN, ERROR, SIGNAL };

/* A set of texts, or of numbers, in the order in which they are met. */
struct texts {
	struct slice *list;
	uint32_t n;
};

struct findings {
	struct texts interfaces, members, paths, errors, arguments;
	uint32_t *fds, fds_n;
	bool failed;
};

static void texts_add(struct texts *t, struct slice text, bool *failed)
{
	struct slice *grown;

	for (uint32_t i = 0; i < t->n; i++) {
		struct slice known = t->list[i];

		/* an absent one is not an empty one */
		if (text.text && known.text ? slice_equal(known, text) : known.text == text.text)
			return;
	}
	grown = realloc(t->list, (t->n + 1) * sizeof(*grown));
	if (grown) {
		t->list = grown;
		grown[t->n++] = text;
	} else {
		*failed = true;
	}
}

static void fds_add(struct findings *f, uint32_t fds)
{
	uint32_t *grown;

	for (uint32_t i = 0; i < f->fds_n; i++)
		if (f->fds[i] == fds)
			return;
	grown = realloc(f->fds, (f->fds_n + 1) * sizeof(*grown));
	if (grown) {
		f->fds = grown;
		grown[f->fds_n++] = fds;
	} else {
		f->failed = true;
	}
}

static void findings_fini(struct findings *f)
{
	free(f->interfaces.list);
	free(f->members.list);
	free(f->paths.list);
	free(f->errors.list);
	free(f->arguments.list);
	free(f->fds);
}

/* Whether a rule may speak of such messages to or from the name. */
static bool rule_concerns(const struct image *image, const struct rule *rule, struct slice name,
	enum rule_verb verb, uint8_t type)
{
	/* what is recorded depends on what is decided, too */
	if (rule->verb != verb && (verb != RULE_AUDIT || rule->verb != RULE_SEND))
		return false;
	if (rule->type && rule->type != type)
		return false;
	return name_kind_fits(rule->name_kind, image_slice(image, rule->name), name);
}

/* Of a prefix, itself and one that only begins with it. */
static void argument_collect(
	struct findings *f, struct arena *arena, const struct image *image, const struct rule *rule)
{
	struct slice arg0 = image_slice(image, rule->arg0);

	if (rule->arg0_kind == ARG0_ANY)
		return;
	texts_add(&f->arguments, arg0.text ? arg0 : SLICE(""), &f->failed);
	if (rule->arg0_kind != ARG0_PREFIX)
		return;
	texts_add(&f->arguments, arena_print(arena, "%.*s*", SLICE_FMT(arg0)), &f->failed);
	f->failed |= arena->bad;
}

static void rule_collect(
	struct findings *f, struct arena *arena, const struct image *image, const struct rule *rule)
{
	argument_collect(f, arena, image, rule);
	if (rule->interface.at)
		texts_add(&f->interfaces, image_slice(image, rule->interface), &f->failed);
	/* with an interface it goes with that one only: see members_of */
	if (rule->member.at && !rule->interface.at)
		texts_add(&f->members, image_slice(image, rule->member), &f->failed);
	if (rule->path.at)
		texts_add(&f->paths, image_slice(image, rule->path), &f->failed);
	if (rule->error.at)
		texts_add(&f->errors, image_slice(image, rule->error), &f->failed);
	if (rule->min_fds)
		fds_add(f, rule->min_fds);
	if (rule->max_fds != UINT32_MAX)
		fds_add(f, rule->max_fds + 1);
}

static void findings_collect(
	struct findings *f, struct survey *s, enum rule_verb verb, uint8_t type)
{
	texts_add(&f->arguments, (struct slice){NULL, 0}, &f->failed);
	texts_add(&f->paths, OTHER, &f->failed);
	texts_add(&f->errors, OTHER, &f->failed);
	texts_add(&f->members, OTHER, &f->failed);
	texts_add(&f->interfaces, OTHER, &f->failed);
	/* left out */
	texts_add(&f->interfaces, (struct slice){NULL, 0}, &f->failed);
	fds_add(f, 0);
	for (uint32_t i = 0; i < s->images_n; i++) {
		const struct image *image = s->images[i];

		for (uint32_t n = 0; n < image->header->rules.count; n++)
			if (rule_concerns(image, &image->rules[n], s->name, verb, type))
				rule_collect(f, &s->arena, image, &image->rules[n]);
	}
}

/* Members that rules name together with the interface; with none, those of all interfaces. */
static void members_of(struct texts *members, const struct survey *s, enum rule_verb verb,
	uint8_t type, struct slice interface, bool *failed)
{
	for (uint32_t i = 0; i < s->images_n; i++) {
		const struct image *image = s->images[i];

		for (uint32_t n = 0; n < image->header->rules.count; n++) {
			const struct rule *rule = &image->rules[n];

			if (!rule->member.at || !rule->interface.at ||
				!rule_concerns(image, rule, s->name, verb, type))
				continue;
			if (!interface.text ||
				slice_equal(interface, image_slice(image, rule->interface)))
				texts_add(members, image_slice(image, rule->member), failed);
		}
	}
}

static int probe_add(struct survey *s, const struct probe *p)
{
	struct probe *grown = realloc(s->probes, (s->probes_n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	s->probes = grown;
	grown[s->probes_n++] = *p;
	return 0;
}

static int arguments_add(struct survey *s, const struct findings *f, struct probe p)
{
	int e = 0;

	for (uint32_t i = 0; i < f->arguments.n && e == 0; i++) {
		p.arg0 = f->arguments.list[i];
		e = probe_add(s, &p);
	}
	return e;
}

/* Replies: nothing but an error's name tells them apart, and whether they were asked for. */
static int replies_add(struct survey *s, const struct findings *f, struct probe p)
{
	int e = 0;

	for (uint32_t i = 0; i < (p.type == ERROR ? f->errors.n : 1); i++)
		for (uint32_t n = 0; n < 2 * f->fds_n && e == 0; n++) {
			p.error = p.type == ERROR ? f->errors.list[i] : (struct slice){NULL, 0};
			p.fds = f->fds[n / 2];
			p.requested = n % 2 == 0;
			e = arguments_add(s, f, p);
		}
	return e;
}

static int interface_add(
	struct survey *s, const struct findings *f, const struct texts *members, struct probe p)
{
	int e = 0;

	for (uint32_t m = 0; m < members->n; m++)
		for (uint32_t path = 0; path < f->paths.n; path++)
			for (uint32_t n = 0; n < f->fds_n && e == 0; n++) {
				p.member = members->list[m];
				p.path = f->paths.list[path];
				p.fds = f->fds[n];
				e = arguments_add(s, f, p);
			}
	return e;
}

static int addressed_add(struct survey *s, struct findings *f, struct probe p)
{
	int e = 0;

	for (uint32_t i = 0; i < f->interfaces.n && e == 0; i++) {
		struct texts members = {0};

		p.interface = f->interfaces.list[i];
		if (p.type == SIGNAL && !p.interface.text)
			continue;
		for (uint32_t m = 0; m < f->members.n; m++)
			texts_add(&members, f->members.list[m], &f->failed);
		members_of(&members, s, p.verb, p.type, p.interface, &f->failed);
		e = interface_add(s, f, &members, p);
		free(members.list);
	}
	return e;
}

int survey_probe(struct survey *s, struct slice name, enum rule_verb verb, uint8_t type)
{
	const struct probe p = {.verb = verb, .type = type};
	struct findings f = {0};
	int e;

	s->name = name;
	s->probes_n = 0;
	findings_collect(&f, s, verb, type);
	e = type == CALL || type == SIGNAL ? addressed_add(s, &f, p) : replies_add(s, &f, p);
	if (e == 0 && !f.failed) {
		findings_fini(&f);
		return 0;
	}
	findings_fini(&f);
	say("%s", strerror(ENOMEM));
	return -1;
}

bool probe_equal(const struct probe *a, const struct probe *b)
{
	return a->fds == b->fds && a->requested == b->requested &&
	       !a->interface.text == !b->interface.text &&
	       slice_equal(a->interface, b->interface) && slice_equal(a->member, b->member) &&
	       slice_equal(a->path, b->path) && slice_equal(a->error, b->error) &&
	       !a->arg0.text == !b->arg0.text && slice_equal(a->arg0, b->arg0);
}

/* `otherwise` where there is no such probe. */
static uint32_t probe_find(const struct survey *s, const struct probe *p, uint32_t otherwise)
{
	for (uint32_t i = 0; i < s->probes_n; i++)
		if (probe_equal(&s->probes[i], p))
			return i;
	return otherwise;
}

uint32_t survey_parent(const struct survey *s, uint32_t probe)
{
	struct probe p = s->probes[probe];

	if (p.arg0.text)
		p.arg0 = (struct slice){NULL, 0};
	else if (p.path.text && !slice_equal(p.path, OTHER))
		p.path = OTHER;
	else if (p.member.text && !slice_equal(p.member, OTHER))
		p.member = OTHER;
	else if ((p.type == CALL || p.type == SIGNAL) && !slice_equal(p.interface, OTHER))
		p.interface = OTHER;
	else if (p.error.text && !slice_equal(p.error, OTHER))
		p.error = OTHER;
	else
		p.fds = 0;
	return probe_find(s, &p, probe);
}

/* Whether any probe with so many descriptors is answered otherwise than without. */
static bool fds_matter(const struct survey *s, const uint16_t *answers, size_t width, uint32_t fds)
{
	for (uint32_t i = 0; i < s->probes_n; i++) {
		struct probe p = s->probes[i];
		uint32_t without;

		if (p.fds != fds)
			continue;
		p.fds = 0;
		without = probe_find(s, &p, i);
		if (memcmp(&answers[i * width], &answers[without * width],
			    width * sizeof(*answers)) != 0)
			return true;
	}
	return false;
}

bool survey_tells(const struct survey *s, const uint16_t *answers, size_t width, uint32_t probe)
{
	uint32_t parent = survey_parent(s, probe);

	if (parent == probe)
		return true;
	/* what it costs is asked last */
	return memcmp(&answers[probe * width], &answers[parent * width],
		       width * sizeof(*answers)) != 0 &&
	       (!s->probes[probe].fds || fds_matter(s, answers, width, s->probes[probe].fds));
}

void probe_print(const struct probe *p, FILE *to)
{
	static const char *const types[] = {
		[CALL] = "", [RETURN] = "method_return", [ERROR] = "error ", [SIGNAL] = "signal "};

	fputs(types[p->type], to);
	if (p->type == CALL || p->type == SIGNAL) {
		if (p->interface.text)
			fprintf(to, "%.*s.%.*s", SLICE_FMT(p->interface), SLICE_FMT(p->member));
		else
			fprintf(to, "(none).%.*s", SLICE_FMT(p->member));
	} else {
		fprintf(to, "%.*s%s", SLICE_FMT(p->error), p->requested ? "" : ", unrequested");
	}
	if (p->path.text && !slice_equal(p->path, OTHER))
		fprintf(to, " at %.*s", SLICE_FMT(p->path));
	if (p->arg0.text)
		fprintf(to, " arg0=\"%.*s\"", SLICE_FMT(p->arg0));
	if (p->fds)
		fprintf(to, " with %" PRIu32 " fds", p->fds);
}
