/* pattern.c - globs with nothing but "*": the last star is where a comparison that fails goes on */
#include "policy/fit.h"
#include "policy/pattern.h"

bool pattern_fits(struct slice pattern, struct slice text, char border)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text.size) {
		if (p < pattern.size && pattern.text[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern.size && pattern.text[p] == text.text[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX && !(border && text.text[from] == border)) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.size && pattern.text[p] == '*')
		p++;
	return p == pattern.size;
}

static bool fits_slice(struct slice pattern, const char *slices)
{
	while (slices && *slices) {
		size_t size = strcspn(slices, " ");

		if (pattern_fits(pattern, (struct slice){slices, size}, '/'))
			return true;
		slices += size + (slices[size] != '\0');
	}
	return false;
}

bool pattern_fits_unit(struct slice pattern, const struct identity *identity)
{
	const struct slice slice = SLICE(".slice");
	struct slice unit;

	if (pattern.size > slice.size &&
		memcmp(pattern.text + pattern.size - slice.size, slice.text, slice.size) == 0)
		return fits_slice(pattern, identity->slices);
	if (!identity->unit)
		return false;
	unit = slice_of(identity->unit);
	if (!memchr(pattern.text, '/', pattern.size))
		unit.size = strcspn(identity->unit, "/");
	return pattern_fits(pattern, unit, '/');
}

bool pattern_fits_label(struct slice pattern, const struct identity *identity)
{
	return identity->label &&
	       pattern_fits(pattern, (struct slice){identity->label, identity->label_size}, '\0');
}

const char *restriction_differs(const struct image *image, const struct restriction *restriction,
	const struct identity *identity)
{
	if (restriction->asks & ASKS_NOBODY)
		return "a user or group that is not known";
	if (restriction->asks & ASKS_USER &&
		(restriction->user == ID_NONE || restriction->user != identity->uid))
		return "user";
	if (restriction->asks & ASKS_GROUP &&
		(restriction->group == ID_NONE ||
			!identity_has_group(identity, restriction->group)))
		return "group";
	if (restriction->asks & ASKS_UNIT &&
		!pattern_fits_unit(image_slice(image, restriction->unit), identity))
		return "unit";
	if (restriction->asks & ASKS_LABEL &&
		!pattern_fits_label(image_slice(image, restriction->label), identity))
		return "label";
	return NULL;
}
