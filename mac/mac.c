/* mac.c - which judge serves, and what is said about it once, at start */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "mac/mac.h"

struct mac_site mac_site(void)
{
	return (struct mac_site){.selinux = selinux_is_on() ? selinux_kernel() : NULL,
		.apparmor = apparmor_kernel(),
		.apparmor_support = apparmor_supported(),
		.selinux_is_shut = selinux_is_shut()};
}

/* Why AppArmor does not mediate although nobody switched it off; NULL: it does. */
static const char *apparmor_trouble(const struct mac_site *site, const struct mac_setup *setup)
{
	if (site->selinux)
		return "SELinux is on, and labels are its contexts";
	switch (site->apparmor_support) {
	case APPARMOR_ABSENT:
		return site->apparmor ? "it is off" : "this build is without it";
	case APPARMOR_BLIND:
		return "this kernel does not mediate D-Bus (there is no features/dbus/mask that "
		       "can be "
		       "read)";
	case APPARMOR_MEDIATES:
		break;
	}
	return setup->label.text ? NULL
				 : "this kernel gives no labels of unix sockets (SO_PEERSEC)";
}

static int watch_ready(struct source *source, uint32_t events)
{
	struct mac *mac = container_of(source, struct mac, source);
	int r = apparmor_judge_look(&mac->apparmor);

	(void)events;
	if (r < 0) {
		log_warning(
			"AppArmor: changes of its policy are not noticed any more (%s): nothing "
			"that it says is remembered",
			strerror(-r));
		source_fini(source);
		apparmor_judge_unwatch(&mac->apparmor);
	}
	return 0;
}

static int start_selinux(struct mac *mac, const struct mac_site *site, const char **ret_why)
{
	int r = selinux_judge_init(&mac->selinux, site->selinux, mac->bus, &mac->spare);

	if (r < 0)
		*ret_why = "SELinux is on and cannot be asked";
	else
		log_notice("SELinux mediates (%s), the bus is %s",
			mac->selinux.enforcing ? "enforcing" : "permissive", mac->bus->name);
	return r;
}

static int start_apparmor(struct mac *mac, const struct mac_site *site,
	const struct mac_setup *setup, const char **ret_why)
{
	int r;

	/* a confined bus looks at the names of those who send to it, whoever they are */
	mac->labels.by_name = true;
	mac->labels.all_by_name = mac->bus->mode != LABEL_UNCONFINED;
	mac->bus->by_name = mac->labels.all_by_name;
	r = apparmor_judge_init(
		&mac->apparmor, site->apparmor, mac->bus, setup->bus_type, &mac->spare);
	if (r == 0 && setup->loop && mac->apparmor.watch >= 0) {
		r = source_init(
			&mac->source, setup->loop, mac->apparmor.watch, EPOLLIN, watch_ready);
		if (r == 0)
			setup->loop->first = &mac->source;
	}
	if (r < 0)
		*ret_why = "AppArmor is on and cannot be asked";
	else
		log_notice("AppArmor mediates, the bus is %s", mac->bus->name);
	return r;
}

static int start_judges(struct mac *mac, const struct mac_site *site, const struct mac_setup *setup,
	const char **ret_why)
{
	const char *trouble = apparmor_trouble(site, setup);
	enum apparmor_mode mode = setup->apparmor;
	int r;

	*ret_why = "no memory for labels";
	if (site->selinux_is_shut)
		log_warning(
			"SELinux is on but DOES NOT MEDIATE this bus: its file system is there to "
			"read only; what its policy says of dbus is not enforced");
	if (mode == APPARMOR_REQUIRED && trouble) {
		log_error("The configuration requires AppArmor to mediate, but %s", trouble);
		*ret_why = "the configuration requires AppArmor, which does not mediate";
		return -ENOTSUP;
	}
	if (mode == APPARMOR_ENABLED && trouble && site->apparmor_support != APPARMOR_ABSENT)
		log_warning(
			"AppArmor is on but DOES NOT MEDIATE this bus: %s; rules for dbus in its "
			"profiles are not enforced",
			trouble);
	if (site->selinux && !setup->label.text) {
		*ret_why = "SELinux is on, but the bus has no context";
		return -ENOTSUP;
	}
	if (!site->selinux && (trouble || mode == APPARMOR_DISABLED))
		return 0;
	spare_init(&mac->spare, setup->spare_of);
	r = mac_label_get(&mac->labels, setup->label, &mac->bus);
	if (r < 0)
		return r;
	if (site->selinux)
		return start_selinux(mac, site, ret_why);
	return start_apparmor(mac, site, setup, ret_why);
}

int mac_start(struct mac *ret, const struct mac_site *site, const struct mac_setup *setup,
	const char **ret_why)
{
	const char *why = NULL;
	int r;

	*ret = (struct mac){.spare = {.fd = -1, .of = -1}};
	r = start_judges(ret, site, setup, &why);
	if (r == 0)
		return 0;
	mac_fini(ret);
	*ret_why = why;
	return r;
}

void mac_fini(struct mac *mac)
{
	if (mac->source.loop && mac->source.loop->first == &mac->source)
		mac->source.loop->first = NULL;
	source_fini(&mac->source);
	selinux_judge_fini(&mac->selinux);
	apparmor_judge_fini(&mac->apparmor);
	mac_label_put(&mac->labels, mac->bus);
	mac->bus = NULL;
	if (mac->spare.of > 0)
		spare_fini(&mac->spare);
}

const char *mac_unfit(const struct mac *mac, enum apparmor_mode mode)
{
	return mode == APPARMOR_REQUIRED && !mac_is_apparmor(mac)
		       ? "it requires AppArmor, which does not mediate since the bus was started"
		       : NULL;
}

uint32_t mac_judges(const struct mac *mac, const struct judge **ret)
{
	uint32_t n = 0;

	if (mac_is_selinux(mac))
		ret[n++] = &mac->selinux.judge;
	if (mac_is_apparmor(mac))
		ret[n++] = &mac->apparmor.judge;
	ret[n] = NULL;
	return n;
}

uint64_t mac_epoch(void *arg)
{
	struct mac *mac = arg;

	if (mac_is_selinux(mac))
		return selinux_judge_epoch(&mac->selinux);
	return mac_is_apparmor(mac) ? apparmor_judge_epoch(&mac->apparmor) : 0;
}

int mac_label_of(struct mac *mac, struct slice text, struct mac_label **ret)
{
	if (!mac->bus) {
		*ret = NULL;
		return 0;
	}
	return text.text ? mac_label_get(&mac->labels, text, ret) : -EACCES;
}
