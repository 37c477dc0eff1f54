/* machine.h - what tells one bus from another, and one machine from another */
#pragma once

#define ID_TEXT 33 /* 32 lower-case hex digits and NUL */

/* A random id. 0 or -errno. */
int guid_make(char ret[ID_TEXT]);
/* machine-id(5), or the older file of D-Bus; "" where the machine has neither. */
void machine_id(char ret[ID_TEXT]);
