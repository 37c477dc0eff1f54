/*
 * xml.h - XML as a row of events. Nothing outside the given bytes is ever read, entities cannot be
 * declared, and undeclared ones are a fault, in attributes too (expat would leave them out).
 */
#pragma once

#include <stdint.h>

#include "base/slice.h"

struct xml_sink {
	uint32_t line; /* where the event stands, set before each */
	/* Each returns 0, or what xml_parse is to return. `attributes`: name, value ... NULL */
	int (*open)(struct xml_sink *sink, const char *name, const char *const *attributes);
	int (*text)(struct xml_sink *sink, struct slice text);
	int (*close)(struct xml_sink *sink);
};

#define XML_MALFORMED 1000

/* 0; what the sink returned; -ENOMEM; or XML_MALFORMED with the line in sink->line and a sentence in
 * *ret_why. */
int xml_parse(struct slice data, struct xml_sink *sink, const char **ret_why);
