/*
 * systemd_start.h - starting services through systemd, the way dbus-daemon --systemd-activation
 * does: the driver sends org.freedesktop.systemd1 a signal that names the unit, and systemd answers
 * only if the unit cannot be started. No method of systemd is called, so nobody has to be allowed to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct activation;
struct bus;
struct call;
struct message;
struct peer;

#define SYSTEMD_NAME "org.freedesktop.systemd1"

/* Asks systemd for the activation's unit; what it is to be told waits until it is there. 0 or
 * -errno. */
int systemd_start(struct bus *bus, const struct activation *activation);
/* That start is over: what was to be asked for it is not. */
void systemd_withdraw(struct bus *bus, uint64_t start);
/* systemd owns its name: what waited for it is sent. */
void systemd_appeared(struct bus *bus);
/* Frees what still waits. */
void systemd_forget(struct bus *bus);
/* A signal to the driver: ActivationFailure, believed from systemd's privileged owner alone. */
void systemd_signal(struct peer *from, const struct message *m);
/* UpdateActivationEnvironment: "NAME=VALUE" for the services that systemd starts. Texts are names
 * and values in turn. 0, FAULT_LIMITS, -errno. */
int systemd_set_environment(struct bus *bus, const struct slice *texts, uint32_t n);
