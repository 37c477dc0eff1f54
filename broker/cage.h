/* cage.h - the cage of dbus-warden-broker */
#pragma once

#include "base/cage.h"

extern const struct cage broker_cage;
