/* landlock.h - which files a process may open from now on: Linux's Landlock */
#pragma once

#include "base/cage.h"

/* Of the kernel's Landlock; 0 where it has none, or it is switched off. */
int landlock_version(void);
/* The paths of the cage, and nothing else; no_new_privs must be set. 0 or -errno. */
int landlock_enter(const struct cage *cage);
