/*
 * fuzz_service.c - any bytes as a service file: a service with a name, whose words all end in NUL, or
 * a complaint. The first byte says whether the file must be named after its name.
 */
#include <string.h>

#include "conf/compile.h"
#include "conf/service.h"
#include "tests/fuzz/fuzz.h"

static void word_check(struct slice word)
{
	MUST(word.text && strlen(word.text) == word.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct site site;
	struct compilation c;
	struct activatable s;
	int e;

	if (size == 0)
		return 0;
	compilation_init(&c, &site);
	e = service_parse(&c, SLICE("/x/a.b.service"),
		(struct slice){(const char *)data + 1, size - 1}, data[0] % 3, &s);
	MUST(e == 0 || e == FAULT_CONFIG);
	MUST(e == 0 || c.complaints.faults == 1);
	if (e == 0) {
		word_check(s.name);
		MUST(s.name.size > 0 && s.name.size < 256);
		MUST(data[0] % 3 != NAMING_STRICT || slice_is(s.name, "a.b"));
		for (uint32_t i = 0; i < s.argc; i++)
			word_check(s.argv[i]);
	}
	compilation_fini(&c);
	return 0;
}
