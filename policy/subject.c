/* subject.c - which sections of the image speak to a connection, in the order of reading */
#include <errno.h>
#include <stdlib.h>

#include "policy/pattern.h"

static void subject_add(struct subject *s, enum section_context context, uint32_t id)
{
	const struct section *section = image_section(s->image, context, id);

	if (section)
		s->sections[s->sections_n++] = section;
}

#define ID_BITS 12
#define ID_PER_WORD 5

/* From 1 on, 0: it has none. The one that speaks to everybody, and may stand behind more than have a
 * number, has the last. */
static uint64_t section_number(const struct image *image, const struct section *section)
{
	uint64_t number = (uint64_t)(section - image->sections) + 1, last = (1u << ID_BITS) - 1;

	if (section->context == SECTION_MANDATORY)
		return last;
	return number < last ? number : 0;
}

/* The numbers of the sections side by side, counted from 1; the highest bit says that there is an id. */
static void subject_identify(struct subject *s)
{
	uint64_t id[2] = {(uint64_t)1 << 63, 0};

	if (s->sections_n > 2 * ID_PER_WORD)
		return;
	for (uint32_t i = 0; i < s->sections_n; i++) {
		uint64_t number = section_number(s->image, s->sections[i]);

		if (number == 0)
			return;
		id[i / ID_PER_WORD] |= number << (i % ID_PER_WORD * ID_BITS);
	}
	s->id[0] = id[0];
	s->id[1] = id[1];
}

/* The sections of all units and labels that this one is. */
static void subject_add_patterns(struct subject *s)
{
	const struct image *image = s->image;
	const struct section *end = image_sections_from(image, SECTION_MANDATORY);

	for (const struct section *at = image_sections_from(image, SECTION_UNIT); at < end; at++) {
		struct slice pattern = image_slice(image, image->patterns[at->id]);

		if (at->context == SECTION_UNIT ? pattern_fits_unit(pattern, s->identity)
						: pattern_fits_label(pattern, s->identity))
			s->sections[s->sections_n++] = at;
	}
}

int subject_init(struct subject *ret, const struct image *image, const struct identity *identity)
{
	struct subject s = {.identity = identity, .image = image};

	/* default, user, not at console, mandatory, at most one for each group, units, labels */
	size_t most = (size_t)identity->groups_n + 4 +
		      (size_t)(image_sections_from(image, SECTION_MANDATORY) -
			       image_sections_from(image, SECTION_UNIT));

	s.sections = calloc(most, sizeof(const struct section *));
	if (!s.sections)
		return -ENOMEM;
	subject_add(&s, SECTION_DEFAULT, 0);
	for (uint32_t i = 0; i < identity->groups_n; i++)
		if (identity->groups[i] != ID_NONE)
			subject_add(&s, SECTION_GROUP, identity->groups[i]);
	if (identity->uid != ID_NONE)
		subject_add(&s, SECTION_USER, identity->uid);
	subject_add(&s, SECTION_NO_CONSOLE, 0);
	subject_add_patterns(&s);
	subject_add(&s, SECTION_MANDATORY, 0);
	subject_identify(&s);
	*ret = s;
	return 0;
}

void subject_fini(struct subject *subject)
{
	if (!subject)
		return;
	free(subject->sections);
	*subject = (struct subject){0};
}
