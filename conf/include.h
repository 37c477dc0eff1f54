/* include.h - configuration files: the main one, and those that it names */
#pragma once

#include "conf/reading.h"

/*
 * The file with which a compilation begins, `path` absolute; `fd`: already open, or -1 to open
 * `path`. 0; FAULT_CONFIG: a complaint tells why the configuration cannot be used; -ENOMEM.
 */
int include_main(struct compilation *c, struct config *config, struct slice path, int fd);
/* <include>: what is wrong with it is wrong with the file that includes it. */
int include_file(struct reading *r, struct slice path, bool ignore_missing);
/* <includedir>: its *.conf, sorted; each stands or falls by itself. 0 or -ENOMEM. */
int include_folder(struct reading *r, struct slice path);
