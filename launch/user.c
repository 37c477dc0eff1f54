/* user.c - looked up before anything is started: afterwards nobody of us asks NSS again */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/drop.h"
#include "launch/user.h"

int user_groups(uid_t uid, gid_t gid, gid_t **ret, size_t *ret_n)
{
	const struct passwd *account = getpwuid(uid);
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
	*ret = TAKE(groups);
	*ret_n = (size_t)n;
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
	r = user_groups(h->uid, h->gid, &user.groups, &user.who.groups_n);
	if (r < 0) {
		snprintf(why, USER_WHY, "the groups of \"%s\" (<user>) cannot be had",
			image_string(image, h->user));
		return r;
	}
	user.change = true;
	user.who.uid = h->uid;
	user.who.gid = h->gid;
	user.who.groups = user.groups;
	*ret = user;
	return 0;
}

void user_fini(struct user *user)
{
	free(user->groups);
	*user = (struct user){0};
}
