/* say.h - what wardenctl exits with, and what it says when it cannot answer */
#pragma once

enum status {
	STATUS_GOOD, /* allowed; clean; nothing changed */
	STATUS_BAD, /* denied; findings; failures; changes */
	STATUS_ERROR, /* no answer: the question or the machine is at fault */
};

/* To standard error, with the program's name before it. Returns STATUS_ERROR. */
int say(const char *format, ...) __attribute__((format(printf, 1, 2)));
