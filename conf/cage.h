/* cage.h - the cage of dbus-warden-compile */
#pragma once

#include "base/cage.h"

extern const struct cage compile_cage;
