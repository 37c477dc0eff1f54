/* cage.h - the cage of dbus-warden-polkit */
#pragma once

#include "base/cage.h"

extern const struct cage agent_cage;
