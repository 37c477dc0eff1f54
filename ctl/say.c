/* say.c - complaints of wardenctl itself */
#include <stdarg.h>
#include <stdio.h>

#include "base/printable.h"
#include "ctl/say.h"

int say(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_printable(text);
	fprintf(stderr, "wardenctl: %s\n", text);
	return STATUS_ERROR;
}
