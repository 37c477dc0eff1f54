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

/* The alignment of a type by its first character (1, 2, 4 or 8); 0 for what is no type. */
unsigned int type_alignment(char type);
/* The size of a type whose values all have the same size and are valid whatever their bytes; else 0. */
unsigned int type_fixed_size(char type);
/* Not a container: may be the key of a dict entry. */
bool type_is_basic(char type);
