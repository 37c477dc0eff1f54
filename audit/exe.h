/*
 * exe.h - which program a client runs, or was when it connected, as launch says; the recorder itself may
 * not look.
 */
#pragma once

#include "audit/record.h"

#define EXES 1024 /* connections whose program is remembered */
#define EXE_MAX 255

struct exe {
	char sender[40];
	int64_t pid;
	uint32_t size;
	char path[EXE_MAX + 1];
};

struct exes {
	int channel; /* to launch; -1: nobody to ask */
	uint64_t cookie;
	uint64_t silent_until; /* milliseconds, CLOCK_MONOTONIC: launch did not answer */
	struct exe now; /* what the record at hand is given */
	struct exe known[EXES];
	unsigned int next;
};

void exes_init(struct exes *exes, int channel);
/* Sets the record's exe, if launch knows it, or can find it out of the process of `pidfd` (-1: it
 * cannot). Waits for launch, but not long. */
void exes_name(struct exes *exes, struct record *record, int pidfd);
