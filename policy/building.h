/*
 * building.h - what a builder has collected: filled by builder.c in any order, sorted and written out
 * by layout.c. For these two only.
 */
#pragma once

#include "base/hash.h"
#include "base/writer.h"
#include "policy/builder.h"

struct interned {
	UT_hash_handle hh; /* builder.interned */
	struct image_text text;
	char key[];
};

/* `turn`: order of adding, as qsort(3) keeps none */
struct placed_rule {
	uint32_t context, id, turn;
	struct rule rule;
};

struct placed_pattern {
	struct image_text text;
	uint32_t context;
};

struct placed_restriction {
	uint32_t turn;
	struct restriction restriction;
};

struct placed_override {
	uint32_t turn;
	struct override override;
};

struct placed_service {
	uint32_t turn;
	struct service service;
};

struct builder {
	struct image_header header;
	struct interned *interned;
	struct writer strings;
	struct writer rules; /* struct placed_rule */
	struct writer services; /* struct placed_service */
	struct writer restrictions; /* struct placed_restriction */
	struct writer overrides; /* struct placed_override */
	struct writer patterns; /* struct placed_pattern */
	/* as in the image */
	struct writer associations, texts, listens, watches, complaints;
	int error;
};

#define COUNT(writer, type) ((uint32_t)((writer).size / sizeof(type)))
