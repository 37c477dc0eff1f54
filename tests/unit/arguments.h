/* arguments.h - gives a message of a test a body of string arguments and numbers */
#pragma once

#include "broker/message.h"

struct arguments {
	uint8_t body[2048];
	char types[MESSAGE_ARGS_MAX * 2 + 1];
};

/*
 * `types` of s, o and u; `texts` has an entry for each s and o. `to` must outlive the message.
 * The body is in this machine's byte order and the whole of the message: no header is written.
 */
static inline void arguments_put(
	struct arguments *to, struct message *m, const char *types, const char *const *texts)
{
	size_t at = 0;

	memset(to->body, 0, sizeof(to->body));
	strcpy(to->types, types);
	for (const char *type = types; *type; type++) {
		uint32_t word = *type == 'u' ? 7 : (uint32_t)strlen(*texts);

		at = (at + 3) & ~(size_t)3;
		memcpy(to->body + at, &word, sizeof(word));
		at += sizeof(word);
		if (*type == 'u')
			continue;
		memcpy(to->body + at, *texts++, word);
		at += word + 1;
	}
	m->bytes = m->body = to->body;
	m->size = at;
	m->body_size = (uint32_t)at;
	m->signature = slice_of(to->types);
}
