/*
 * hash.c - the seeded hash under every table. A process-wide seed and failure flag are the price
 * of uthash's macros; nothing else in the tree keeps such state.
 */
#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

static uint64_t seed;
static bool seeded;
static bool failed;

static void draw_seed(void)
{
	/* without randomness the tables could be attacked: better no process at all */
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort();
	seeded = true;
}

uint32_t hash_bytes(const void *data, size_t size)
{
	if (__builtin_expect(!seeded, 0))
		draw_seed();
	return (uint32_t)XXH3_64bits_withSeed(data, size, seed);
}

void hash_more(uint64_t state[2], const void *data, size_t size)
{
	XXH128_hash_t h;

	if (__builtin_expect(!seeded, 0))
		draw_seed();
	h = XXH3_128bits_withSeed(data, size, seed ^ state[0]);
	state[0] = h.low64 ^ (state[1] << 29 | state[1] >> 35);
	state[1] = h.high64 + size;
}

void hash_note_oom(void)
{
	failed = true;
}

bool hash_failed(void)
{
	bool was = failed;

	failed = false;
	return was;
}
