/*
 * signature.h - a signature, checked and prepared for walking: where each complete type ends is
 * worked out once, so that skipping the elements of an empty array costs nothing however long
 * their type is. Private to the wire modules.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define SIGNATURE_SIZE_MAX 255
#define SIGNATURE_ARRAYS_MAX 32
#define SIGNATURE_STRUCTS_MAX 32

struct signature {
	const char *text;
	uint8_t size;
	uint8_t next[SIGNATURE_SIZE_MAX]; /* the index after the complete type that begins here */
};

/* False if `s` is not a valid signature. */
bool signature_read(struct signature *ret, struct slice s);
/* One complete type, no more and no less: what a variant holds. */
bool signature_is_single(const struct signature *signature);

/* By type code; all zero for what is none. '(' and '{' stand for the types that they begin. */
struct type_traits {
	uint8_t alignment; /* 1, 2, 4 or 8 */
	uint8_t fixed_size; /* of values that all have it and are valid whatever their bytes; or 0 */
	bool basic; /* not a container: may be the key of a dict entry */
};
extern const struct type_traits type_traits[256];

static inline const struct type_traits *type_of(char type)
{
	return &type_traits[(unsigned char)type];
}
