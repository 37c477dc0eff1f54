/* say.c - complaints of wardenctl itself */
#include <stdarg.h>
#include <stdio.h>

#include "ctl/say.h"

int say(const char *format, ...)
{
	va_list args;

	fputs("wardenctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return STATUS_ERROR;
}
