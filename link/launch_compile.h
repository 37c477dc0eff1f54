/*
 * launch_compile.h - what dbus-warden-compile answers to launch, over a SOCK_SEQPACKET pair that
 * it finds as descriptor LINK_FD. The question is its command line:
 *
 *     dbus-warden-compile FILE
 *
 * and the answer is exactly one letter. Offline use, without launch: `--output=FILE` writes the
 * image there and complaints to stderr, `--check` only complains.
 */
#pragma once

#include "base/channel.h"

enum from_compile {
	FROM_COMPILE_IMAGE = 129, /* fd: a sealed memfd; complaints are in the image */
	FROM_COMPILE_FAILED, /* texts, one or more: "FILE:LINE: sentence" */
};

/* A list of texts. Decoder: at most `max`, the rest is dropped; 0 or -EBADMSG. */
void compile_failed_write(struct writer *w, const struct slice *texts, uint32_t n);
int compile_failed_read(const struct letter *l, struct slice *texts, uint32_t max, uint32_t *ret_n);
