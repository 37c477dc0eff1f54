/*
 * hash.h - uthash with XXH3 under a random seed, so that no client can choose names that collide.
 * Every table in the tree includes this file instead of <uthash.h>. Adding may fail for want of
 * memory: check with hash_failed after HASH_ADD (the member was then not added).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The seed is drawn once per process, from getrandom(2), before the first table is made. */
uint32_t hash_bytes(const void *data, size_t size);
/* 128 bits of all that was put in since `state` was zero, piece by piece: enough to know things by. */
void hash_more(uint64_t state[2], const void *data, size_t size);

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = hash_bytes((keyptr), (keylen)))
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) hash_note_oom()

void hash_note_oom(void);
/* Whether an addition failed since the last call. */
bool hash_failed(void);

#include <uthash.h>
