/* rule.h - the attributes of one <allow> or <deny> */
#pragma once

#include "conf/reading.h"

/*
 * Reads a rule in the open section of `r` and appends it to r->config, unless it can apply to
 * nobody (then it is checked all the same, and a deny that is lost is complained about). 0,
 * FAULT_CONFIG or -ENOMEM.
 */
int rule_read(struct reading *r, enum rule_effect effect, const char *const *attributes);
