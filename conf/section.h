/* section.h - the beginning of a <policy>: who its rules speak to */
#pragma once

#include "conf/reading.h"

/* Sets r->section. 0, FAULT_CONFIG or -ENOMEM. */
int section_open(struct reading *r, const char *const *attributes);
/* Complains of the pattern of a unit that nobody can be in. */
void unit_remark(struct reading *r, const char *pattern);
