/*
 * spare.h - a descriptor kept for questions to the kernel, which the libraries ask through a file
 * that they open each time: clients may use up all others, but not this one.
 */
#pragma once

struct spare {
	int fd; /* -1: lent out */
	int of; /* what it duplicates; borrowed */
};

void spare_init(struct spare *s, int of);
void spare_fini(struct spare *s);
/* NULL is allowed in both. */
void spare_lend(struct spare *s);
void spare_take(struct spare *s);
