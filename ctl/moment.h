/* moment.h - points in time as people write and read them; inside, microseconds since 1970 */
#pragma once

#include <stdint.h>

#include "base/slice.h"

#define MOMENT_SECOND UINT64_C(1000000)
/* room for any of the texts */
#define MOMENT_SIZE 40

uint64_t moment_now(void);
/*
 * "2026-11-21 13:05[:07]", "2026-11-21", "13:05[:07]" (today), "now", "today", "yesterday", "-90s",
 * "-15m", "-2h", "-3d", "-1w" (ago), "@SECONDS"; all in local time. 0 or -EINVAL.
 */
int moment_parse(const char *text, uint64_t now, uint64_t *ret);
/*
 * The time at the beginning of a line of a log: "2026-11-21T13:05:07.123456+01:00 ..." or "Nov 21
 * 13:05:07 ...", of the last twelve months. 0 where there is none.
 */
uint64_t moment_of_line(struct slice line, uint64_t now);
/* "2026-11-21 13:05:07.123", or "-" for 0 */
void moment_print(uint64_t moment, char buf[MOMENT_SIZE]);
/* "2026-11-21T12:05:07.123456Z" */
void moment_print_utc(uint64_t moment, char buf[MOMENT_SIZE]);
