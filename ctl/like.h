/* like.h - somebody as sections and restrictions describe him, for who looks at policy without people */
#pragma once

#include "policy/subject.h"

#define LIKE_GROUPS 4

/* Somebody to whom the section speaks; `nobody` is a user whom none names, `groups` room for LIKE_GROUPS. */
struct identity like_section(
	const struct image *image, const struct section *s, uint32_t nobody, uint32_t *groups);
/* Makes `like`, of like_section, one who meets the restriction, too; false if nobody can be both, for
 * all one can tell. */
bool like_restricted(struct identity *like, const struct image *image, const struct restriction *r,
	uint32_t nobody);
