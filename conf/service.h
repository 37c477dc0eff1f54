/* service.h - the service files of the configured folders */
#pragma once

#include "base/hash.h"
#include "conf/reading.h"

/* A service file is a few lines. */
#define SERVICE_SIZE_MAX (128u << 10)
#define SERVICES_MAX 65536

/* A file that is not called after its service: */
enum naming {
	NAMING_FREE, /* should be */
	NAMING_UNIT, /* is good for its unit, and executes nothing */
	NAMING_STRICT, /* is ignored */
};

struct activatable {
	struct slice name, file;
	struct slice user, systemd_service, apparmor_label; /* absent where not given */
	struct slice *argv;
	uint32_t argc; /* 0: no Exec */
	UT_hash_handle hh; /* by name; in the order of reading */
};

/*
 * Reads every *.service of the folders of `config`, each folder in order of names. The first of a
 * name wins. A faulty file is left out, with a complaint. *ret is a
 * table by name, in the arena but for what services_forget frees. 0 or -ENOMEM.
 */
int services_read(struct compilation *c, const struct config *config, struct activatable **ret);
void services_forget(struct activatable **services);
/*
 * One file: 0; FAULT_CONFIG (complained about); -ENOMEM.
 */
int service_parse(struct compilation *c, struct slice path, struct slice data, enum naming naming,
	struct activatable *ret);
