/* whos.h - the subjects of a survey: everybody whom sections, connect rules and restrictions name */
#pragma once

#include "ctl/survey.h"

/* Fills `whos` from the images. 0 or -ENOMEM. */
int whos_collect(struct survey *s);
/* Makes persons of them. 0 or -1, told. */
int whos_settle(struct survey *s);
void whos_fini(struct survey *s);
