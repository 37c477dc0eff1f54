/* printable.h - texts from outside, as they may be shown: on a terminal, or as a line of a log */
#pragma once

/* Replaces by "?" whatever begins a line or moves a terminal: the bytes below the blank, DEL, and the
 * control characters of ISO 6429 in UTF-8 (U+0080 to U+009F). */
void make_printable(char *text);
