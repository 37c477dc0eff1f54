/* path.c - a relative path is only good as long as nobody changes folder: made absolute once */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/path.h"

char *path_absolute(const char *path)
{
	DROP_HEAP char *folder = path[0] == '/' ? strdup("") : getcwd(NULL, 0);
	char *absolute;

	if (!folder || asprintf(&absolute, "%s%s%s", folder, path[0] == '/' ? "" : "/", path) < 0)
		return NULL;
	return absolute;
}
