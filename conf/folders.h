/* folders.h - the folders of activatable services that busconfig has words for */
#pragma once

#include "conf/reading.h"

/* Append to r->config->folders what is not there yet. 0 or -ENOMEM. */
int folder_append(struct reading *r, struct slice path);
int folders_append_session(struct reading *r);
int folders_append_system(struct reading *r);
