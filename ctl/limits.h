/* limits.h - which limits hold for somebody, and which <limit> says so */
#pragma once

#include "ctl/json.h"
#include "ctl/options.h"
#include "ctl/person.h"

/* Whose an override is, as it is written: "user 5", "unit a.service", "own a.b"; to `to`. */
void override_print(const struct image *image, const struct override *o, FILE *to);
/* What changes from one policy to another; printed, to `j` if it is there. Returns how many do. */
uint32_t limits_compare(const struct policy *const policies[2], struct json *j);
/* `all`: also those that are nobody's in particular. An enum status. */
int limits_print(const struct person *person, const struct options *o, bool all);
