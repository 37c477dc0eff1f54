/* journal.c - the one file that knows sd-journal */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/drop.h"
#include "base/journal.h"

struct journal {
	sd_journal *journal;
};

DROP_WITH(journal, journal_free)

int journal_send(const struct iovec *fields, int n)
{
	return sd_journal_sendv(fields, n);
}

static int open_path(sd_journal **ret, const char *path)
{
	const char *files[] = {path, NULL};
	struct stat st;

	if (!path)
		return sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY);
	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return sd_journal_open_directory(ret, path, 0);
	return sd_journal_open_files(ret, files, 0);
}

int journal_open(const char *path, struct journal **ret)
{
	DROP(journal) j = calloc(1, sizeof(*j));
	int e = j ? open_path(&j->journal, path) : -ENOMEM;

	if (e < 0)
		return e;
	/* values are longer than what is cut off without this */
	e = sd_journal_set_data_threshold(j->journal, 0);
	if (e < 0)
		return e;
	*ret = TAKE(j);
	return 0;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	sd_journal_close(j->journal);
	free(j);
}

int journal_match(struct journal *j, const char *field)
{
	return sd_journal_add_match(j->journal, field, 0);
}

int journal_seek(struct journal *j, uint64_t time)
{
	return sd_journal_seek_realtime_usec(j->journal, time);
}

int journal_next(struct journal *j)
{
	int e = sd_journal_next(j->journal);

	if (e > 0)
		sd_journal_restart_data(j->journal);
	return e < 0 ? e : e > 0;
}

int journal_time(struct journal *j, uint64_t *ret)
{
	return sd_journal_get_realtime_usec(j->journal, ret);
}

int journal_next_field(struct journal *j, struct slice *ret)
{
	const void *data;
	size_t size;
	int e = sd_journal_enumerate_available_data(j->journal, &data, &size);

	if (e > 0)
		*ret = (struct slice){data, size};
	return e;
}

int journal_fd(struct journal *j)
{
	return sd_journal_get_fd(j->journal);
}

void journal_woken(struct journal *j)
{
	sd_journal_process(j->journal);
}
