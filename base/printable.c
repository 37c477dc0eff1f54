/* printable.c - a program that shows what others wrote says nothing in their words but that */
#include <stdbool.h>

#include "base/printable.h"

void make_printable(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		bool is_c1 = *c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f;

		if (is_c1)
			c[1] = '?';
		if (is_c1 || *c < ' ' || *c == 0x7f)
			*c = '?';
	}
}
