/* user.c - looked up before anything is started: afterwards nobody of us asks NSS again */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/drop.h"
#include "launch/user.h"

/* The groups that login gives to the account, `gid` among them; `gid` alone without account. */
static int groups_of(const struct passwd *account, gid_t gid, struct user *ret)
{
	DROP_HEAP gid_t *groups = malloc(sizeof(*groups));
	int n = 1;

	if (!groups)
		return -ENOMEM;
	groups[0] = gid;
	/* the first call says how many there are, and fails if they are more than one */
	while (account && getgrouplist(account->pw_name, gid, groups, &n) < 0) {
		gid_t *more = realloc(groups, (size_t)n * sizeof(*groups));

		if (!more)
			return -ENOMEM;
		groups = more;
	}
	ret->groups = TAKE(groups);
	ret->who.groups = ret->groups;
	ret->who.groups_n = (size_t)n;
	ret->who.gid = gid;
	return 0;
}

int user_of_image(const struct image *image, struct user *ret, char why[USER_WHY])
{
	const struct image_header *h = image->header;
	struct user user = {0};
	int r;

	if (!h->user.at) {
		*ret = user;
		return 0;
	}
	if (!h->user_known) {
		snprintf(why, USER_WHY, "the account \"%s\" (<user>) does not exist",
			image_string(image, h->user));
		return -ENOENT;
	}
	if (geteuid() == h->uid) {
		*ret = user;
		return 0;
	}
	if (geteuid() != 0) {
		snprintf(why, USER_WHY, "only root can run the bus as \"%s\" (<user>)",
			image_string(image, h->user));
		return -EPERM;
	}
	r = groups_of(getpwuid(h->uid), h->gid, &user);
	if (r < 0) {
		snprintf(why, USER_WHY, "the groups of \"%s\" (<user>) cannot be had",
			image_string(image, h->user));
		return r;
	}
	user.change = true;
	user.who.uid = h->uid;
	*ret = user;
	return 0;
}

int user_of_account(const char *name, struct user *ret)
{
	const struct passwd *account;
	struct user user = {.change = true};
	int r;

	errno = 0;
	account = getpwnam(name);
	if (!account)
		return errno ? -errno : -ENOENT;
	user.who.uid = account->pw_uid;
	r = groups_of(account, account->pw_gid, &user);
	if (r == 0)
		*ret = user;
	return r;
}

void user_fini(struct user *user)
{
	free(user->groups);
	*user = (struct user){0};
}
