/* syntax.h - what is a valid name, path, signature or string (D-Bus specification 0.43) */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

bool syntax_is_bus_name(struct slice s); /* unique or well-known, at most 255 bytes */
bool syntax_is_unique_name(struct slice s); /* begins with ':' (and is a bus name) */
bool syntax_is_well_known_name(struct slice s);
bool syntax_is_name_prefix(struct slice s); /* arg0namespace: may be a single element */
bool syntax_is_interface(struct slice s);
bool syntax_is_error_name(struct slice s);
bool syntax_is_member(struct slice s);
bool syntax_is_path(struct slice s);
bool syntax_is_utf8(struct slice s); /* no NUL, no surrogates, no overlong forms, up to U+10FFFF */
/* A sequence of complete types: at most 255 bytes, 32 arrays and 32 structs deep. */
bool syntax_is_signature(struct slice s);
bool syntax_is_guid(struct slice s); /* 32 hex digits */
