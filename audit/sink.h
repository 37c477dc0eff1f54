/*
 * sink.h - where the recorder writes: the kernel's audit trail, else the journal, else syslog, else
 * stderr. A sink that fails is passed over for that record and tried again with the next; which one
 * is in use is said whenever it changes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "audit/record.h"

/* what journal entries of this kind are found by: journalctl MESSAGE_ID=... */
#define SINK_MESSAGE_ID "efdbbd1959234d15be7d3a8c8cb9b00c"

#define SINKS_WHY 160

enum sink { SINK_NONE, SINK_AUDIT, SINK_JOURNAL, SINK_SYSLOG, SINK_STDERR, SINK_SINKS };

struct sinks {
	/* in order: the first that takes a record has it */
	enum sink order[SINK_SINKS];
	unsigned int order_n;
	bool standard_error; /* stderr, whatever else */
	const char *syslog_path; /* "/dev/log"; borrowed */
	int syslog_fd, audit_fd; /* -1: not connected; owned */
	enum sink current; /* which one took the last record */
	uint64_t lost; /* decisions that none took and nobody was told of yet */
};

/* Zero but for descriptors and syslog_path. */
void sinks_init(struct sinks *sinks);
void sinks_fini(struct sinks *sinks);
/* Makes the sinks of a list like "audit,journal" the order. 0, or -EINVAL for other words, none, and
 * one that comes twice. */
int sinks_order(struct sinks *sinks, const char *list);
/* Tries which of the order would take a record, and says so, and of those before it why they would
 * not. The first that would, or SINK_NONE; `why` is the first one's reason, or empty. */
enum sink sinks_probe(struct sinks *sinks, char why[SINKS_WHY]);
/* "audit", "journal", "syslog", "stderr" */
const char *sink_word(enum sink sink);
/* Writes the record, with what was lost before it. Blocks as long as the kernel or the journal does;
 * syslog for at most two seconds. 0, or -errno where no sink took it: then it is counted. */
int sinks_write(struct sinks *sinks, struct record *record);
