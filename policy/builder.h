/*
 * builder.h - writes an image: the other half of image.h, kept beside it so that writer and
 * validator are changed together. Used by dbus-warden-compile and by tests.
 */
#pragma once

#include "policy/image.h"

struct builder;

struct builder *builder_new(void);
void builder_free(struct builder *b);

/* Interns a text (NULL text = absent). Failures are remembered and come out of builder_finish; a NUL
 * inside a text is one of them (-EINVAL). */
struct image_text builder_text(struct builder *b, struct slice s);

/*
 * `rule` texts come from builder_text of the same builder. Rules of one (context, id, verb) keep
 * the order in which they were added.
 */
void builder_rule(
	struct builder *b, enum section_context context, uint32_t id, const struct rule *rule);
/* The id of a unit's or label's section: the number of its pattern, the same for the same context and
 * text. In the order of first use, which is that of the sections of the context. */
uint32_t builder_pattern(struct builder *b, enum section_context context, struct slice pattern);
/* Texts as of rules. */
void builder_restriction(struct builder *b, const struct restriction *restriction);
void builder_override(struct builder *b, const struct override *override);
/* Of several services of one name the first that was added stays. */
void builder_service(struct builder *b, const struct service *service, const struct slice *argv);
void builder_association(struct builder *b, struct image_text own, struct image_text context);
void builder_listen(struct builder *b, struct image_text address);
void builder_watch(struct builder *b, struct image_text path);
void builder_complaint(
	struct builder *b, int level, struct slice file, uint32_t line, struct slice text);
/* The header's plain fields (flags, auth, limits, user, type ...) to be set in place. */
struct image_header *builder_header(struct builder *b);

/* The finished bytes, owned by the caller (free). 0 or -ENOMEM/-E2BIG/-EINVAL. */
int builder_finish(struct builder *b, void **ret_data, size_t *ret_size);
