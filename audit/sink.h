/*
 * sink.h - where the recorder writes: the journal, else syslog, else stderr. A sink that fails is
 * passed over for that record and tried again with the next; which one is in use is said whenever
 * it changes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "audit/record.h"

/* what journal entries of this kind are found by: journalctl MESSAGE_ID=... */
#define SINK_MESSAGE_ID "efdbbd1959234d15be7d3a8c8cb9b00c"

enum sink { SINK_NONE, SINK_JOURNAL, SINK_SYSLOG, SINK_STDERR, SINK_SINKS };

struct sinks {
	bool system; /* the first of the sinks that takes a record */
	bool standard_error; /* stderr, whatever else */
	bool no_journal; /* syslog also where there is a journal */
	const char *syslog_path; /* "/dev/log"; borrowed */
	int syslog_fd; /* -1: not connected; owned */
	enum sink current; /* which one took the last record */
	uint64_t lost; /* records that none took and nobody was told of yet */
};

/* Zero but for syslog_fd and syslog_path. */
void sinks_init(struct sinks *sinks);
void sinks_fini(struct sinks *sinks);
/* Writes the record, with what was lost before it. Blocks as long as the journal does; syslog for at
 * most two seconds. 0, or -errno where no sink took it: then it is counted. */
int sinks_write(struct sinks *sinks, struct record *record);
