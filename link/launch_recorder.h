/*
 * launch_recorder.h - what dbus-warden (launch) and dbus-warden-recorder say to one another, over a
 * SOCK_SEQPACKET pair that the recorder finds as descriptor LINK_SECOND_FD (the first is the broker's
 * end). The recorder may not see which program another user's process runs; launch may.
 */
#pragma once

#include <stdbool.h>

#include "base/channel.h"

#define LINK_SECOND_FD 4

enum from_recorder {
	FROM_RECORDER_READY = 193, /* it reads records: where they go to */
	/* cookie, unique name (empty: it has none), pid; a pidfd may come along: which program is that
	 * connection, or does that process run? */
	FROM_RECORDER_EXE,
};

enum to_recorder {
	TO_RECORDER_EXE = 201, /* cookie, path; empty: not to be had */
};

struct recorder_ready {
	bool preferred; /* the first sink of its list would take records */
	struct slice sink; /* the one that would: "audit"; "nowhere" */
	struct slice why; /* the first one would not */
};
struct recorder_question {
	uint64_t cookie;
	struct slice name;
	int64_t pid;
};
struct recorder_exe {
	uint64_t cookie;
	struct slice path;
};

/* Encoders append to an empty writer; decoders return 0 or -EBADMSG, texts lie in the letter. */
void recorder_ready_write(struct writer *w, const struct recorder_ready *m);
int recorder_ready_read(const struct letter *l, struct recorder_ready *ret);
void recorder_exe_write(struct writer *w, const struct recorder_exe *m);
int recorder_exe_read(const struct letter *l, struct recorder_exe *ret);
void recorder_question_write(struct writer *w, const struct recorder_question *m);
int recorder_question_read(const struct letter *l, struct recorder_question *ret);
