/* selinux.h - whether SELinux is on, and where its policy lies. Chosen by the build: selinux.c or
 * selinux_none.c. */
#pragma once

#include <stdbool.h>

bool selinux_is_on(void);
/* The folder of the loaded policy (selinux_policy_root(3)), or NULL. */
const char *selinux_root(void);
