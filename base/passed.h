/* passed.h - descriptors that came from somebody else, who knows what they are */
#pragma once

/* As close(), but does not wait where its owner asked the kernel to make the last one wait (SO_LINGER):
 * the socket is not to linger any more. */
void passed_close(int fd);
