/* announce.h - the address and the pid, for the program that started the bus */
#pragma once

#include <sys/types.h>

/* Makes sure that the two descriptors (-1: none) were really given to us, and that our children do
 * not get them. 0, or -errno with the bad one in *ret_bad. */
int announce_check(int address_fd, int pid_fd, int *ret_bad);
/* Writes a line to each and closes those above stderr: the reader waits for the end. The same
 * descriptor may be named twice. 0 or -errno. */
int announce(int address_fd, const char *address, int pid_fd, pid_t pid);
