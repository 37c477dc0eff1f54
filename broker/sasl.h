/*
 * sasl.h - the server's side of the D-Bus authentication protocol as a pure state machine: bytes
 * in, bytes out. Mechanisms: EXTERNAL (identity is the kernel's, a claim must agree with it) and
 * ANONYMOUS where the configuration allows it. DBUS_COOKIE_SHA1 is refused (HACKING.md).
 */
#pragma once

#include <stdbool.h>

#include "base/writer.h"
#include "policy/image.h"

#define SASL_LINE_MAX 16384 /* bytes of one line with its CR LF, as the reference */
#define SASL_REJECTIONS_MAX 6 /* the last one ends it, as the reference */
#define SASL_ERRORS_MAX 64 /* ERROR answers; the reference gives any number of them */

enum sasl_outcome {
	SASL_MORE, /* consumed everything, wants more */
	SASL_DONE, /* BEGIN was read: what follows the consumed bytes is D-Bus */
	SASL_FAILED, /* hang up; `why` says why */
};

struct sasl {
	/* set by the user before the first sasl_feed */
	uint32_t uid; /* the peer's, ID_NONE if the kernel does not know it */
	unsigned int mechanisms; /* AUTH_EXTERNAL | AUTH_ANONYMOUS */
	bool fds_possible;
	const char *guid; /* 32 hex digits */
	/* the machine's own */
	unsigned int state, rejections, errors;
	bool nul_seen, anonymous, fds; /* results: fds = NEGOTIATE_UNIX_FD was agreed */
	size_t line_size;
	const char *why;
	/* an identity or a mechanism was refused: how often since the user last looked, and why */
	unsigned int refusals;
	const char *refused;
	char *line; /* an incomplete line, on the heap only while there is one */
};

/* Feeds bytes; replies are appended to `out`. *ret_used tells how many were consumed (SASL_DONE
 * leaves the rest to the message parser). Lines end in CR LF; pipelining is allowed throughout. */
enum sasl_outcome sasl_feed(
	struct sasl *sasl, const void *bytes, size_t size, size_t *ret_used, struct writer *out);
void sasl_fini(struct sasl *sasl);
