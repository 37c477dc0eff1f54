/*
 * fault.h - the positive return values of the tree: what a peer asked for and is refused. Zero is
 * done, a negative value is the machine's failure (-errno) and never names a peer.
 */
#pragma once

#include <stdbool.h>

enum fault {
	FAULT_NONE,
#define FAULT(id, name, sentence, flags) FAULT_##id,
#include "broker/faults.def"
#undef FAULT
	FAULTS
};

const char *fault_name(int fault); /* "org.freedesktop.DBus.Error.AccessDenied" */
const char *fault_sentence(int fault); /* what the sender is told */
bool fault_hangs_up(int fault);
