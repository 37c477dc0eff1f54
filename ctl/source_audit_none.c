/* source_audit_none.c - a build without libauparse: the audit trail is not read */
#include <errno.h>

#include "ctl/source.h"

static int audit_open(const char *path, const struct records_want *want, struct source **ret)
{
	(void)path;
	(void)want;
	(void)ret;
	return -ENOSYS;
}

/* for a source that was never opened, there is nothing to do */
static void audit_free(struct source *s)
{
	(void)s;
}

const struct source_kind source_audit = {
	.name = "the audit trail",
	.open = audit_open,
	.free = audit_free,
};
