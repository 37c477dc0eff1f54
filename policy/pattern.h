/*
 * pattern.h - units and labels as rules name them, with "*" for any run of characters; and what a
 * restriction asks of who wants a name. What is unknown of somebody fits nothing.
 */
#pragma once

#include "policy/subject.h"

/*
 * Whether `text` is what `pattern` says: "*" stands for any run of characters (none, too) without
 * `border` among them; border 0: any run whatever. Takes time in proportion to the product of both.
 */
bool pattern_fits(struct slice pattern, struct slice text, char border);

/*
 * By systemd unit. A pattern that ends in ".slice" names a slice: it fits who is in it, or in one
 * below. One with a "/" is compared with the whole unit ("user@1000.service/app-x.service"), one
 * without with the unit that systemd itself manages ("user@1000.service"); "*" does not go over "/".
 */
bool pattern_fits_unit(struct slice pattern, const struct identity *identity);
/* By MAC label, the whole of it. */
bool pattern_fits_label(struct slice pattern, const struct identity *identity);

/* A restriction on the name that the subject does not meet, NULL if there is none: one on trial only
 * where there is none in force, one that revokes before one that does not. */
const struct restriction *restriction_unmet(const struct subject *subject, struct slice name);
/* The first thing that a restriction asks for and that is not so: "user", "unit" ...; or NULL. */
const char *restriction_differs(const struct image *image, const struct restriction *restriction,
	const struct identity *identity);
