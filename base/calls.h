/* calls.h - which system calls a process may make from now on */
#pragma once

#include "base/cage.h"

bool calls_is_there(void);
/* The calls of the cage, for all threads; any other kills the process, or fails where it is lenient.
 * Either is in the kernel's log. 0 or -errno. */
int calls_enter(const struct cage *cage);
