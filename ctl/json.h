/*
 * json.h - JSON as it is produced: objects, arrays and values one after another, with the commas and
 * escapes that they need. Bytes that are not UTF-8 come out as U+FFFD: any text makes valid JSON.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

struct json {
	FILE *to;
	bool follows; /* something stands before, in what is open: a comma is due */
};

/* `key` is NULL in arrays and outermost. */
void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket); /* '}' or ']' */
/* An absent text is null. */
void json_text(struct json *j, const char *key, struct slice text);
void json_string(struct json *j, const char *key, const char *text);
void json_number(struct json *j, const char *key, int64_t number);
void json_truth(struct json *j, const char *key, bool truth);
/* Ends the outermost value's line. */
void json_end(struct json *j);
