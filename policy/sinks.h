/* sinks.h - where records can go, and in which order they are tried: a list as one number */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum sink { SINK_NONE, SINK_AUDIT, SINK_JOURNAL, SINK_SYSLOG, SINK_STDERR, SINK_SINKS };

#define SINKS_REQUIRED 0x80000000u /* no bus without the first of them */

/* "audit", "journal", "syslog", "stderr"; "nowhere" */
const char *sink_word(enum sink sink);
/* "audit,journal"; 0 for other words, none, and one that comes twice. */
uint32_t sinks_of(struct slice list);
/* Whether it is a number that sinks_of makes, SINKS_REQUIRED apart; 0 is one. */
bool sinks_are_good(uint32_t sinks);

/* The first has number 0; behind the last comes SINK_NONE. */
static inline enum sink sinks_at(uint32_t sinks, unsigned int i)
{
	return (enum sink)(i < 7 ? sinks >> 4 * i & 15 : 0);
}
