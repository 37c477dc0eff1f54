/* element.h - what each element of busconfig means: the events of one file, turned into its config */
#pragma once

#include "conf/reading.h"

/* Readies r->sink for xml_parse; the rest of `r` is set by the caller. */
void elements_init(struct reading *r);
void elements_fini(struct reading *r);
