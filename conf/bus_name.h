/* bus_name.h - whether a text can be the name of a service, or the beginning of one */
#pragma once

#include <stdint.h>

#include "base/slice.h"

/* Of how many elements a well-known bus name, or the beginning of one, consists; 0: it is neither.
 * Names have two or more. */
uint32_t bus_name_elements(struct slice name);
