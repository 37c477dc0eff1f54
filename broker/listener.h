/* listener.h - the sockets that launch handed over, and accepting on them */
#pragma once

struct bus;

/* Takes over `fd`; 0 or -errno. */
int listener_add(struct bus *bus, int fd);
void listeners_close(struct bus *bus);
/* Accepting was paused for want of descriptors; a connection went away: go on. */
void listeners_resume(struct bus *bus);
