/* people.h - names of users by number, asked of the user database once each */
#pragma once

#include <stdint.h>

#define PEOPLE_KEPT 64

struct people {
	struct {
		uint32_t uid;
		char name[48]; /* "": not looked up */
	} kept[PEOPLE_KEPT];
};

/* The name, or the number where there is none; borrowed until the next call. */
const char *people_name(struct people *people, uint32_t uid);
