/* machine.c - ids of 128 bits as the D-Bus specification writes them */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/drop.h"
#include "launch/machine.h"

int guid_make(char ret[ID_TEXT])
{
	unsigned char bytes[(ID_TEXT - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -errno;
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(ret + 2 * i, "%02x", bytes[i]);
	return 0;
}

static bool id_read(const char *path, char ret[ID_TEXT])
{
	DROP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char text[ID_TEXT] = {0};

	if (fd < 0 || read(fd, text, ID_TEXT - 1) != ID_TEXT - 1)
		return false;
	if (strspn(text, "0123456789abcdef") != ID_TEXT - 1)
		return false;
	memcpy(ret, text, ID_TEXT);
	return true;
}

void machine_id(char ret[ID_TEXT])
{
	if (!id_read("/etc/machine-id", ret) && !id_read("/var/lib/dbus/machine-id", ret))
		ret[0] = '\0';
}
