/* limits.h - which limits hold for somebody, and which <limit> says so */
#pragma once

#include "ctl/options.h"
#include "ctl/person.h"

/* Whose an override is, as it is written: "user 5", "unit a.service", "own a.b"; to `to`. */
void override_print(const struct image *image, const struct override *o, FILE *to);
/* An enum status. */
int limits_print(const struct person *person, const struct options *o);
