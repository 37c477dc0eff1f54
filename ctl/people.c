/* people.c - logs name few users many times, and the database may be on another machine */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>

#include "ctl/people.h"

const char *people_name(struct people *people, uint32_t uid)
{
	char *name = people->kept[uid % PEOPLE_KEPT].name;
	const struct passwd *entry;

	if (name[0] != '\0' && people->kept[uid % PEOPLE_KEPT].uid == uid)
		return name;
	entry = getpwuid(uid);
	if (entry && entry->pw_name[0] != '\0')
		snprintf(name, sizeof(people->kept[0].name), "%s", entry->pw_name);
	else
		snprintf(name, sizeof(people->kept[0].name), "%" PRIu32, uid);
	people->kept[uid % PEOPLE_KEPT].uid = uid;
	return name;
}
