/* draw.h - the same numbers at random in every run of a test */
#pragma once

#include <stdint.h>

/* 0 to below - 1 */
static inline uint32_t draw(uint32_t below)
{
	static uint32_t seed = 0x2545f491;

	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}
