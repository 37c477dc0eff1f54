/*
 * validate.h - are these bytes values of these types? Private to the wire modules.
 */
#pragma once

#include "broker/wire.h"

#define VALUES_DEPTH_MAX 64 /* containers of all kinds, variants included */

/*
 * The values of `signature` (any number of complete types, or just one where `single`) from w->at
 * on, inside `depth` containers. True with w->at behind them; false with w->why.
 */
bool values_validate(struct wire *w, struct slice signature, bool single, unsigned int depth);
/* One value of a string-like type (s, o, g) of which wire_string or wire_signature gave the form. */
bool text_validate(struct wire *w, char type, struct slice text);
