/* restrict.h - what is said of some connections only: <restrict>, and <limit> with its overrides */
#pragma once

#include "conf/reading.h"

/* 0, FAULT_CONFIG or -errno. */
int restriction_open(struct reading *r, const char *const *attributes);
/* The beginning of a <limit>, and its text. */
int limit_open(struct reading *r, const char *const *attributes);
int limit_take(struct reading *r, struct slice text);
