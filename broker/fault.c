/* fault.c - the table of refusals, made from faults.def */
#include "broker/fault.h"

#define HANGUP 1

static const struct {
	const char *name, *sentence;
	unsigned int flags;
} faults[FAULTS] = {
#define FAULT(id, name, sentence, flags) [FAULT_##id] = {name, sentence, flags},
#include "broker/faults.def"
#undef FAULT
};

const char *fault_name(int fault)
{
	return faults[fault].name;
}

const char *fault_sentence(int fault)
{
	return faults[fault].sentence;
}

bool fault_hangs_up(int fault)
{
	return faults[fault].flags & HANGUP;
}
