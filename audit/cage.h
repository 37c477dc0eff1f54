/* cage.h - the cage of dbus-warden-recorder */
#pragma once

#include "base/cage.h"

extern const struct cage recorder_cage;
