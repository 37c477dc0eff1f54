/*
 * sink.h - where the recorder writes: the kernel's audit trail, else the journal, else syslog, else
 * stderr. A sink that fails is passed over for that record and tried again with the next; which one
 * is in use is said whenever it changes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "audit/record.h"
#include "policy/sinks.h"

/* what journal entries of this kind are found by: journalctl MESSAGE_ID=... */
#define SINK_MESSAGE_ID "efdbbd1959234d15be7d3a8c8cb9b00c"

#define SINKS_WHY 160

struct sinks {
	uint32_t order; /* the first that takes a record has it */
	bool standard_error; /* stderr, whatever else */
	const char *syslog_path; /* "/dev/log"; borrowed */
	int syslog_fd, audit_fd; /* -1: not connected; owned */
	enum sink current; /* which one took the last record */
	uint64_t lost; /* decisions that none took and nobody was told of yet */
};

/* Zero but for descriptors and syslog_path. */
void sinks_init(struct sinks *sinks);
void sinks_fini(struct sinks *sinks);
/* Tries which of the order would take a record, and says so, and of those before it why they would
 * not. The first that would, or SINK_NONE; `why` is the first one's reason, or empty. */
enum sink sinks_probe(struct sinks *sinks, char why[SINKS_WHY]);
/* Writes the record, with what was lost before it. Blocks as long as the kernel or the journal does;
 * syslog for at most two seconds. 0, or -errno where no sink took it: then it is counted. */
int sinks_write(struct sinks *sinks, struct record *record);
