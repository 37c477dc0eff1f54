/* file.c - a file is opened once, looked at through its descriptor and read to the end */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/writer.h"
#include "conf/file.h"

#define STEP 16384

/* Nothing else has an end that one could read to. */
static int kind_check(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return -EISDIR;
	return S_ISREG(st->st_mode) ? 0 : -EINVAL;
}

int file_open(const char *path)
{
	struct stat st;
	DROP_FD int fd = -1;
	int e;

	/* looked at before, as opening a device may do something; and after, as it is what counts */
	if (stat(path, &st) < 0)
		return -errno;
	e = kind_check(&st);
	if (e < 0)
		return e;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	e = kind_check(&st);
	return e < 0 ? e : TAKE_FD(fd);
}

int file_read(int fd, size_t limit, char **ret_data, size_t *ret_size)
{
	struct writer w = {0};
	ssize_t n = 1;
	int error = 0;

	while (n > 0 && w.size <= limit) {
		void *p = writer_grow(&w, STEP);

		if (!p) {
			error = -ENOMEM;
			break;
		}
		do
			n = read(fd, p, STEP);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			error = -errno;
		w.size -= STEP - (size_t)(n > 0 ? n : 0);
	}
	if (!error && w.size > limit)
		error = -EFBIG;
	if (!error)
		writer_bytes(&w, "", 1);
	if (!error && w.bad)
		error = -ENOMEM;
	if (error) {
		writer_fini(&w);
		return error;
	}
	*ret_data = (char *)w.data;
	*ret_size = w.size - 1;
	return 0;
}
