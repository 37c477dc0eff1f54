/*
 * fuzz_image.c - an image that is taken can be used. The input is tried as an image as it is; with
 * magic, size and checksum made right; and as changes to an image that is good: three bytes each,
 * an offset in the machine's byte order and what is added there.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/image_use.h"
#include "tests/unit/rulebook.h"

#define CHECKED offsetof(struct image_header, size)

static void try_image(const void *data, size_t size)
{
	struct image image;
	const char *why = NULL;

	if (image_open(&image, data, size, &why) == 0)
		MUST(image_use(&image) > 0);
	else
		MUST(why);
}

static void try_sealed(struct image_header *copy, size_t size)
{
	memcpy(copy->magic, IMAGE_MAGIC, sizeof(copy->magic));
	copy->size = (uint32_t)size;
	copy->checksum = XXH3_64bits((uint8_t *)copy + CHECKED, size - CHECKED);
	try_image(copy, size);
}

static void add_identities(struct builder *b)
{
	struct restriction r = {.name = builder_text(b, SLICE("com.A")),
		.name_kind = NAME_PREFIX,
		.asks = ASKS_UNIT | ASKS_LABEL | ASKS_USER,
		.unit = builder_text(b, SLICE("system.slice")),
		.label = builder_text(b, SLICE("*_t")),
		.user = 7};
	struct override o = {.pattern = builder_text(b, SLICE("com.A")), .whose = WHOSE_OWNER};

	builder_restriction(b, &r);
	builder_override(b, &o);
	o = (struct override){.pattern = builder_text(b, SLICE("a*")), .whose = WHOSE_UNIT};
	builder_override(b, &o);
}

static void try_changes(const uint8_t *changes, size_t size)
{
	struct rulebook book;
	struct builder *b = builder_new();
	const struct slice argv[] = {SLICE("/bin/a")};
	struct service service = {.argc = 1};

	MUST(b);
	service.name = builder_text(b, SLICE("com.A"));
	builder_service(b, &service, argv);
	service = (struct service){.name = builder_text(b, SLICE("com.B"))};
	builder_service(b, &service, NULL);
	builder_association(b, service.name, service.name);
	builder_listen(b, builder_text(b, SLICE("unix:path=/a")));
	builder_watch(b, builder_text(b, SLICE("/a")));
	builder_complaint(b, 4, SLICE("a"), 1, SLICE("b"));
	builder_header(b)->type = builder_text(b, SLICE("system"));
	rulebook_add(b,
		"default\n<allow user='*'/>\n<allow own_prefix='com.A'/>\n<allow send_path='/'/>\n"
		"<allow receive_sender='com.A'/>\nuser 7\n<deny send_interface='com.I' "
		"send_member='M'/>\n<deny send_error='com.E'/>\nunit a.service\n"
		"<check polkit='a.b' send_destination='com.A' trial='yes'/>\n"
		"<audit send_arg0='x' on='deny'/>\nlabel a_*\n<deny see='com.A'/>\n");
	add_identities(b);
	rulebook_finish(&book, b);
	for (; size >= 3; changes += 3, size -= 3) {
		uint16_t at;

		memcpy(&at, changes, sizeof(at));
		((uint8_t *)book.data)[at % book.size] += changes[2];
	}
	((struct image_header *)book.data)->size = (uint32_t)book.size;
	try_sealed(book.data, book.size);
	rulebook_close(&book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of the exact size and aligned, which the input need not be */
	struct image_header *copy = malloc(size ? size : 1);

	MUST(copy);
	memcpy(copy, data, size);
	try_image(copy, size);
	if (size >= sizeof(*copy))
		try_sealed(copy, size);
	free(copy);
	try_changes(data, size);
	return 0;
}
