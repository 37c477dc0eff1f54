/*
 * apparmor.h - whether AppArmor is on and whether this kernel can mediate D-Bus with it at all
 * (features/dbus in apparmorfs). Chosen by the build: apparmor.c or apparmor_none.c.
 */
#pragma once

#include <stdbool.h>

bool apparmor_is_on(void);
bool apparmor_can_mediate(void);
