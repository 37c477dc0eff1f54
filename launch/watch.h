/* watch.h - the configuration's files and folders: a change is followed by a reload */
#pragma once

#include "base/loop.h"
#include "policy/image.h"

/* What is waited for in one folder. */
struct watched {
	int wd;
	char *file; /* owned; NULL: every file that the compiler would read there */
};

struct watch {
	struct loop *loop;
	struct source source;
	int fd;
	struct watched *watched; /* owned; those in force */
	uint32_t watched_n;
	struct timer settle;
	int (*changed)(struct watch *watch); /* some time after the first of a series of changes */
};

/* 0 or -errno (no inotify to be had: the bus can do without). */
int watch_init(struct watch *watch, struct loop *loop, int (*changed)(struct watch *watch));
/* Watches what this image names and nothing else. What does not exist is not watched. */
void watch_set(struct watch *watch, const struct image *image);
/* Harmless on a zeroed one. */
void watch_fini(struct watch *watch);
