/* covers.h - what rules are to one another, for lint: which can never decide, and which meet */
#pragma once

#include "policy/image.h"

/*
 * Whether `later` fits every message, name or user that `earlier` fits (both of one image and one
 * verb), so that `earlier` can never decide where both apply. No means: not for certain. Of rules
 * that do not speak about replies only calls, signals and what else is no reply are compared.
 */
bool rule_covers(const struct image *image, const struct rule *later, const struct rule *earlier);
/* Whether the name of `later` fits every bus name that the name of `earlier` fits. */
bool rule_name_covers(
	const struct image *image, const struct rule *later, const struct rule *earlier);
/* Whether a restriction is about a bus name. */
bool restriction_is_on(
	const struct image *image, const struct restriction *restriction, struct slice name);
/* Whether there may be a bus name that both rules' names fit. */
bool rules_names_meet(const struct image *image, const struct rule *a, const struct rule *b);
