/*
 * lint_pattern.c - units and labels that nothing can be, by their form; and what stands where other
 * buses read it, which do not know it.
 */
#include "ctl/lint.h"

/* Where a pattern stands. */
struct stand {
	const struct rule *rule; /* the first of its section; else ... */
	const struct restriction *restriction; /* ... else: */
	const struct override *override;
};

static void stand_add(struct lint *l, enum lint_kind kind, const struct stand *at,
	struct slice pattern, const char *why)
{
	if (at->rule)
		lint_add(l, kind, at->rule, "\"%.*s\" %s", SLICE_FMT(pattern), why);
	else if (at->restriction)
		lint_add_restriction(
			l, kind, at->restriction, "\"%.*s\" %s", SLICE_FMT(pattern), why);
	else
		lint_add_override(l, kind, at->override, "\"%.*s\" %s", SLICE_FMT(pattern), why);
}

static bool slice_ends(struct slice s, const char *end)
{
	size_t n = strlen(end);

	return s.size >= n && memcmp(s.text + s.size - n, end, n) == 0;
}

/* What is wrong with a unit's pattern, or NULL. How it ends the compiler has looked at. */
static const char *unit_fault(struct slice pattern)
{
	const char *slash = memchr(pattern.text, '/', pattern.size);
	struct slice before = {pattern.text, slash ? (size_t)(slash - pattern.text) : 0};

	if (slash && !memchr(before.text, '@', before.size) &&
		!memchr(before.text, '*', before.size))
		return "is no unit of a user's manager: what is before \"/\" is to be one like "
		       "\"user@1000.service\"";
	if (slash && memchr(slash + 1, '/', pattern.size - before.size - 1))
		return "has more than one \"/\", and no unit has";
	if (slice_ends(pattern, "@.service"))
		return "is a template, and what runs are its instances: \"a@*.service\"";
	return NULL;
}

static const char *label_fault(struct slice pattern)
{
	uint32_t colons = 0;

	for (size_t i = 0; i < pattern.size; i++)
		colons += pattern.text[i] == ':';
	if (colons >= 2 || memchr(pattern.text, '*', pattern.size) || slice_ends(pattern, ")") ||
		slice_is(pattern, "unconfined"))
		return NULL;
	return "is neither a context of SELinux (user:role:type:range) nor a profile of AppArmor "
	       "with its mode";
}

static void unit_look(struct lint *l, const struct stand *at, struct slice pattern)
{
	const char *why = unit_fault(pattern);

	if (why)
		stand_add(l, LINT_UNIT_PATTERN, at, pattern, why);
}

static void label_look(struct lint *l, const struct stand *at, struct slice pattern)
{
	const char *why = label_fault(pattern);

	if (why)
		stand_add(l, LINT_LABEL_PATTERN, at, pattern, why);
}

/* The rules of a section follow one another. */
static const struct rule *section_first(const struct lint *l, const struct section *s)
{
	return &l->image->rules[s->rules[0].first];
}

void lint_patterns(struct lint *l)
{
	const struct image *image = l->image;

	for (uint32_t i = 0; i < image->header->sections.count; i++) {
		const struct section *s = &image->sections[i];
		const struct stand at = {.rule = section_first(l, s)};

		if (s->context == SECTION_UNIT)
			unit_look(l, &at, image_slice(image, image->patterns[s->id]));
		if (s->context == SECTION_LABEL)
			label_look(l, &at, image_slice(image, image->patterns[s->id]));
	}
	for (uint32_t i = 0; i < image->header->restrictions.count; i++) {
		const struct restriction *r = &image->restrictions[i];
		const struct stand at = {.restriction = r};

		if (r->asks & ASKS_UNIT)
			unit_look(l, &at, image_slice(image, r->unit));
		if (r->asks & ASKS_LABEL)
			label_look(l, &at, image_slice(image, r->label));
	}
	for (uint32_t i = 0; i < image->header->overrides.count; i++) {
		const struct override *o = &image->overrides[i];

		if (o->whose == WHOSE_UNIT)
			unit_look(
				l, &(struct stand){.override = o}, image_slice(image, o->pattern));
	}
}

/* Whether the file stands where dbus-daemon and dbus-broker look, too. */
static bool is_shared(const struct image *image, struct image_text file)
{
	return strstr(image_string(image, file), "/dbus-1/") != NULL;
}

static bool is_extension(const struct section *s, const struct rule *rule)
{
	return s->context == SECTION_UNIT || s->context == SECTION_LABEL || rule->permissive ||
	       rule->effect > EFFECT_ALLOW || rule->verb == RULE_SEE || rule->arg0_kind != ARG0_ANY;
}

#define FOREIGN_WHY                                                                                \
	"only dbus-warden understands this: dbus-daemon leaves the whole file out, with what it "  \
	"denies, or does not start where a file includes it by name"

void lint_foreign(struct lint *l)
{
	const struct image *image = l->image;

	for (uint32_t i = 0; i < image->header->sections.count; i++) {
		const struct section *s = &image->sections[i];

		for (unsigned int verb = 0; verb < RULE_VERBS; verb++)
			for (uint32_t n = 0; n < s->rules[verb].count; n++) {
				const struct rule *rule = &image->rules[s->rules[verb].first + n];

				if (is_extension(s, rule) && is_shared(image, rule->file))
					lint_add(l, LINT_FOREIGN, rule, FOREIGN_WHY);
			}
	}
	for (uint32_t i = 0; i < image->header->restrictions.count; i++)
		if (is_shared(image, image->restrictions[i].file))
			lint_add_restriction(l, LINT_FOREIGN, &image->restrictions[i], FOREIGN_WHY);
	for (uint32_t i = 0; i < image->header->overrides.count; i++)
		if (is_shared(image, image->overrides[i].file))
			lint_add_override(l, LINT_FOREIGN, &image->overrides[i], FOREIGN_WHY);
}
