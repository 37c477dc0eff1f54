/*
 * driver.h - org.freedesktop.DBus, the bus's own end of the conversation: its methods stand in one
 * table (driver.c), grouped by what they are about in driver_*.c; what it says is sent from
 * driver_send.c.
 */
#pragma once

#include <stdio.h>

#include "broker/compose.h"
#include "broker/name.h"

struct bus;
struct peer;
struct transit;

#define DRIVER_NAME "org.freedesktop.DBus"
#define DRIVER_PATH "/org/freedesktop/DBus"

/* One method call being answered. */
struct call {
	struct bus *bus;
	struct peer *peer;
	const struct message *message;
	const struct method *method;
	struct transit *transit;
	struct compose reply; /* begun with the method's signature: append, or return a fault */
	bool done; /* the reply was sent already, or will be later */
	bool waits; /* all of it will be done later */
	int fd; /* goes with the reply, closed afterwards; -1: none */
	char detail[512]; /* appended to the sentence of a fault */
};

enum {
	METHOD_PRIVILEGED = 1, /* root and the bus's user only, whatever the policy says */
	METHOD_ONE_PATH = 2, /* only on DRIVER_PATH */
	METHOD_UNREGISTERED = 4, /* before Hello, too */
	METHOD_RECORDED = 8, /* what it did is always on record */
};

struct method {
	const char *interface, *member, *in, *out;
	unsigned int flags;
	int (*run)(struct call *call); /* 0, FAULT_*, -ENOMEM */
};

/* A message addressed to the driver that the policy let through. False: a call that was answered
 * with an error, or waits. */
bool driver_handle(struct peer *peer, struct transit *t);
/* A message without destination and not a broadcast: Peer is answered, other calls refused; as in
 * the reference, where the library does it, below the policy. */
void driver_handle_undirected(struct peer *peer, const struct message *m);
/* Sends call->reply now; for methods that have something to say after their reply. */
int call_reply(struct call *call);
/* Puts on record that the call was allowed and done. */
void call_record(const struct call *call);
int call_refuse(struct call *call, int fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether no MAC judge objects to this caller's watching what is not for it: 0 or a fault. */
int call_may_watch(struct call *call);

extern const struct method driver_methods[];
extern const size_t driver_methods_n;

/* driver_send.c: the driver's messages; what cannot be delivered is dropped as in the reference */
void driver_send_error(
	struct bus *bus, struct peer *to, uint32_t serial, int fault, const char *detail);
/* Shows monitors an error that nobody gets: a copy of a broadcast, or a message of the driver
 * (`to` NULL), was refused to its receiver. */
void driver_capture_error(struct bus *bus, struct peer *to, uint32_t serial, int fault);
/* The same with an error name and a sentence that are not in the table. */
void driver_send_failure(
	struct bus *bus, struct peer *to, uint32_t serial, struct slice error, struct slice text);
/* NameLost, NameOwnerChanged, NameAcquired, in the reference's order. */
void driver_name_changed(struct bus *bus, const struct name_change *change);
/* The set of activatable services is another one. */
void driver_services_changed(struct bus *bus);
/* Sends a composed message of the driver to one peer; `fds` borrowed. */
void driver_send(struct bus *bus, struct peer *to, const struct writer *bytes, int fd);
/* The halves of driver_send: shows it to monitors; delivers it without showing it again. */
void driver_show(struct bus *bus, const struct writer *bytes);
void driver_give(struct bus *bus, struct peer *to, const struct writer *bytes);
/* An answer that is no message of the bus: no policy is asked, no monitor sees it. */
void driver_answer(struct peer *to, const struct writer *bytes);
uint32_t driver_serial(struct bus *bus);

/* driver_admin.c */
void driver_reloaded(struct bus *bus, uint64_t cookie, bool ok, struct slice text);
/* What the driver keeps about a peer that is going: rules, pending ReloadConfig calls. */
void driver_forget(struct bus *bus, struct peer *peer);
void driver_fini(struct bus *bus);

/* driver_match.c */
void driver_drop_matches(struct bus *bus, struct peer *peer);

/* driver_introspect.c: the XML, made from the method table */
int driver_introspect_write(struct writer *w);

/* The methods, by file. */
int driver_hello(struct call *call);
int driver_request_name(struct call *call);
int driver_release_name(struct call *call);
int driver_list_queued_owners(struct call *call);
int driver_name_has_owner(struct call *call);
int driver_get_name_owner(struct call *call);
int driver_list_names(struct call *call);
int driver_list_activatable_names(struct call *call);
int driver_start_service_by_name(struct call *call);
int driver_add_match(struct call *call);
int driver_remove_match(struct call *call);
int driver_get_unix_user(struct call *call);
int driver_get_process_id(struct call *call);
int driver_get_adt(struct call *call);
int driver_get_selinux_context(struct call *call);
int driver_get_credentials(struct call *call);
int driver_get_id(struct call *call);
int driver_ping(struct call *call);
int driver_get_machine_id(struct call *call);
int driver_introspect(struct call *call);
int driver_property_get(struct call *call);
int driver_property_get_all(struct call *call);
int driver_property_set(struct call *call);
int driver_reload_config(struct call *call);
int driver_update_environment(struct call *call);
int driver_become_monitor(struct call *call);
int driver_get_image(struct call *call);
int driver_get_stats(struct call *call);
int driver_get_connection_stats(struct call *call);
int driver_get_all_match_rules(struct call *call);
