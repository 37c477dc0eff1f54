/*
 * launch_broker.h - what dbus-warden (launch) and dbus-warden-broker say to one another, over a
 * SOCK_SEQPACKET pair that the broker finds as descriptor LINK_FD. One datagram, one message.
 * Launch's table of messages that it accepts from the broker is its attack surface.
 */
#pragma once

#include "base/slice.h"
#include "base/writer.h"
#include "base/channel.h"

#define LINK_FD 3

/* What UpdateActivationEnvironment may set in all, in variables and in bytes: a program that is started
 * has it beside its arguments, for which the kernel has an end, too. */
#define VARIABLES_MAX 4096
#define VARIABLES_BYTES_MAX (256 * 1024)
#define VARIABLE_COST 10 /* of one beside its name and its value: "=", its end, its address */

enum to_broker {
	/* first: guid, machine id, bus-wide facts; fds: image memfd, recorder channel, channel for
	 * greetings (or only image) */
	TO_BROKER_SETUP = 1,
	TO_BROKER_LISTEN, /* fd: a listening socket */
	TO_BROKER_START, /* no fields: all listeners were sent, begin */
	TO_BROKER_POLICY, /* a new image: serial; fd: image memfd */
	/* the answer to FROM_BROKER_RELOAD: cookie, ok, text; with cookie 0: a policy was not taken, for
	 * the record, whoever asked for it */
	TO_BROKER_RELOADED,
	TO_BROKER_SERVICE_FAILED, /* serial of the start, name, D-Bus error name, sentence */
	TO_BROKER_RECORDER, /* the recorder died: a channel to its successor; fd: the channel */
	TO_BROKER_AGENT, /* the polkit agent, or its successor; fd: a channel (broker_agent.h) to it */
};

enum from_broker {
	FROM_BROKER_READY = 65, /* listening; launch prints addresses and notifies systemd */
	FROM_BROKER_POLICY_TAKEN, /* serial, ok, text: why not */
	FROM_BROKER_RELOAD, /* somebody called ReloadConfig: cookie */
	FROM_BROKER_ENVIRONMENT, /* UpdateActivationEnvironment: pairs */
	FROM_BROKER_START_SERVICE, /* serial, name of a service of the image to be started */
	FROM_BROKER_STOP_SERVICE, /* serial of a start that takes too long: its program is killed */
};

/* On a channel of its own, so that many connections keep nothing else from being heard. */
enum from_broker_greetings {
	FROM_BROKER_GREETING = 97, /* a connection got its name: name, pid; fd: a pidfd */
};

enum {
	SETUP_SYSTEMD_ACTIVATION = 1,
	SETUP_SYSLOG = 2,
	SETUP_STDERR = 4,
	SETUP_PERMISSIVE = 8, /* what rules deny is recorded and let through */
};

struct broker_setup {
	struct slice guid; /* 32 hex digits */
	struct slice machine_id; /* 32 hex digits; empty if the machine has none */
	uint32_t pid; /* launch's: what the driver reports as its own */
	uint32_t flags; /* SETUP_* */
};
struct broker_answer { /* RELOADED, POLICY_TAKEN */
	uint64_t serial;
	bool ok;
	struct slice text;
};
struct broker_start { /* START_SERVICE */
	uint64_t serial;
	struct slice name;
};
struct broker_failure { /* SERVICE_FAILED */
	uint64_t serial;
	struct slice name, error, text;
};
#define BROKER_GREETING_NAME 24 /* of a unique name, with a NUL */
struct broker_greeting { /* GREETING */
	struct slice name;
	int64_t pid;
};

/* Encoders append to an empty writer; decoders return 0 or -EBADMSG, texts lie in the letter. */
void broker_setup_write(struct writer *w, const struct broker_setup *m);
int broker_setup_read(const struct letter *l, struct broker_setup *ret);
void broker_answer_write(struct writer *w, const struct broker_answer *m);
int broker_answer_read(const struct letter *l, struct broker_answer *ret);
void broker_start_write(struct writer *w, const struct broker_start *m);
int broker_start_read(const struct letter *l, struct broker_start *ret);
void broker_failure_write(struct writer *w, const struct broker_failure *m);
int broker_failure_read(const struct letter *l, struct broker_failure *ret);
void broker_greeting_write(struct writer *w, const struct broker_greeting *m);
int broker_greeting_read(const struct letter *l, struct broker_greeting *ret);
/* one u64: POLICY's serial, RELOAD's cookie, STOP_SERVICE's serial */
void broker_serial_write(struct writer *w, uint64_t serial);
int broker_serial_read(const struct letter *l, uint64_t *ret);
/* a list of texts: ENVIRONMENT (name, value, name, value ...) */
void broker_texts_write(struct writer *w, const struct slice *texts, uint32_t n);
/* at most `max`; -EBADMSG if there are more */
int broker_texts_read(const struct letter *l, struct slice *texts, uint32_t max, uint32_t *ret_n);
