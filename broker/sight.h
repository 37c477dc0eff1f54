/*
 * sight.h - which bus names a connection is told of (<deny see=...>). What is hidden from it is, in
 * every answer and signal of the driver and in every refusal, as if nobody owned it.
 */
#pragma once

#include "broker/name.h"

/* Unique names, the driver's and those that the peer itself owns or waits for are no secrets. */
bool sight_of(const struct peer *peer, struct slice name);
/* name_find, but NULL for what the peer does not see. */
struct name *sight_find(const struct peer *peer, struct slice name);
/* Whether some rule of the image hides names. */
bool sight_is_limited(const struct image *image);
