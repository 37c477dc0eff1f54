/*
 * mac.h - the label judges of one bus: which of them can serve on this machine, the labels of its
 * connections, and the generation of the policy that they go by. One LSM owns the labels of sockets,
 * so one judge serves: SELinux if it is on, else AppArmor if it mediates, else none.
 *
 * The bus's own label is that of who made the channel to launch, which is launch: clients connect
 * to its sockets, so it is what policies call the bus, even where the broker has a domain of its own.
 */
#pragma once

#include "base/loop.h"
#include "mac/apparmor_judge.h"
#include "mac/selinux_judge.h"

/* What is there to be asked; tests bring one of their own. */
struct mac_site {
	const struct selinux_kernel *selinux; /* NULL: it is off */
	const struct apparmor_kernel *apparmor; /* NULL: not built in */
	enum apparmor_support apparmor_support;
	bool selinux_is_shut; /* on, and not to be asked: it counts as off */
};

struct mac {
	struct mac_labels labels;
	struct mac_label *bus; /* NULL: none serves */
	struct selinux_judge selinux;
	struct apparmor_judge apparmor;
	struct spare spare;
	struct source source; /* AppArmor's watch */
};

struct mac_setup {
	struct slice
		label; /* the bus's own, as of SO_PEERSEC; without text: the kernel gives none */
	const char *bus_type; /* borrowed */
	enum apparmor_mode apparmor; /* as configured */
	int spare_of; /* a descriptor that stays open */
	struct loop *loop; /* watched for changes of policy; NULL: they are not noticed at once */
};

struct mac_site mac_site(void);
/*
 * Makes the judges and says what there is to say. 0, or -errno with a sentence in *ret_why: what is
 * on cannot be asked, or AppArmor is required and does not mediate.
 */
int mac_start(struct mac *ret, const struct mac_site *site, const struct mac_setup *setup,
	const char **ret_why);
/* Harmless on a zeroed one. All labels must have been put back. */
void mac_fini(struct mac *mac);

/* Whether another configuration could be put in force: NULL, or why not. */
const char *mac_unfit(const struct mac *mac, enum apparmor_mode mode);
/* The judges that serve; room for two and NULL, returns how many. */
uint32_t mac_judges(const struct mac *mac, const struct judge **ret);
/* struct gate's `mac_epoch`, with the struct mac. */
uint64_t mac_epoch(void *mac);
/* The label of a peer: 0 (NULL where no judge goes by it); -ENOMEM; -EACCES: it has none and needs
 * one. To be put back with mac_label_put. */
int mac_label_of(struct mac *mac, struct slice text, struct mac_label **ret);

static inline bool mac_is_selinux(const struct mac *mac)
{
	return mac->selinux.kernel;
}

static inline bool mac_is_apparmor(const struct mac *mac)
{
	return mac->apparmor.kernel;
}
