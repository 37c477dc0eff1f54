/* bus_name.c - the specification's rule for well-known bus names */
#include "conf/bus_name.h"

#define SIZE_MOST 255

static bool is_name_letter(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
	       (!first && c >= '0' && c <= '9');
}

uint32_t bus_name_elements(struct slice name)
{
	uint32_t elements = 0;

	if (name.size > SIZE_MOST)
		return 0;
	for (size_t i = 0, begin = 0; i <= name.size; i++) {
		if (i < name.size && name.text[i] != '.') {
			if (!is_name_letter(name.text[i], i == begin))
				return 0;
			continue;
		}
		if (i == begin)
			return 0;
		elements++;
		begin = i + 1;
	}
	return elements;
}
