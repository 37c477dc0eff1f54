/*
 * reading.h - one configuration file while it is being read, and the compilation that it is part of.
 * A function that meets a fault of the file calls reading_fault and returns what that returns.
 */
#pragma once

#include <errno.h>
#include <sys/types.h>

#include "base/writer.h"
#include "conf/config.h"
#include "conf/site.h"
#include "conf/xml.h"

/* The one fault of conf/: a file says what it must not say; the complaint tells. */
#define FAULT_CONFIG 1

/* Whether an -errno tells of what the machine is short of, and nothing of the file or user that was
 * asked for: then there is no image. To go on without what they say could lose a deny. */
static inline bool error_is_shortage(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

#define FILE_SIZE_MAX (1u << 20) /* of one file */
#define FILES_SIZE_MAX (64u << 20) /* of all files of a compilation */
#define FILES_MAX 16384 /* files of a compilation */
#define INCLUDE_DEPTH_MAX 32

struct compilation {
	struct arena arena;
	struct complaints complaints;
	const struct site *site;
	struct list watches; /* struct item.link */
	uint32_t files; /* read so far */
	uint64_t size; /* of them */
};

struct reading {
	struct xml_sink sink;
	struct compilation *c;
	struct config *config; /* what the file says goes here */
	const struct reading *outer; /* the file that includes it; NULL for the main file */
	struct slice path, folder;
	dev_t dev;
	ino_t ino;
	uint32_t depth;
	bool confined; /* in an includedir: a fault costs this file, not the bus */

	/* the elements that are open, outermost first; the table of elements bounds their depth */
	unsigned int open[4];
	unsigned int open_n;
	struct writer text; /* of the innermost element */
	uint32_t line; /* where the innermost element began */
	struct { /* the <policy> that is open */
		enum section_context context;
		uint32_t id;
		struct slice pattern; /* of a unit or a label */
		bool permissive;
		bool unknown; /* its user or group does not exist: rules are checked and lost */
		bool dead; /* at_console="true": rules are checked and lost, as in the reference */
	} section;
	struct { /* the <include> that is open */
		bool ignore_missing, if_selinux_enabled, selinux_root_relative;
	} include;
	bool permissive; /* <busconfig mode="permissive">: all sections of this file are */
	enum limit limit; /* the <limit> that is open */
	struct override_draft *override; /* the same, if it is for some connections only */
};

/* Complains, naming the current line; returns FAULT_CONFIG. */
int reading_fault(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reading_remark(struct reading *r, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* `text` itself if it is absolute, else in the folder of the file that is being read. */
struct slice reading_path(struct reading *r, struct slice text);
/* The value of an attribute, or NULL. */
const char *attribute_find(const char *const *attributes, const char *name);
/* One of two words; absent is the second. */
int attribute_choice(struct reading *r, const char *const *attributes, const char *name,
	const char *yes, const char *no, bool *ret);
/* An element as it was written, but in one line; text NULL for want of memory. */
struct slice element_words(struct arena *arena, const char *name, const char *const *attributes);
/* -ENOMEM if the arena is */
int item_append(struct arena *arena, struct list *to, struct slice text);
/* What C's strtol would read, but all of it is looked at: 0, -EINVAL (no number), -ERANGE; what is neither
 * negative nor a plain decimal number is complained about. */
int number_read(struct reading *r, const char *what, const char *text, int64_t *ret);
