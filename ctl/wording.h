/* wording.h - a record as wardenctl shows it; what comes from outside is escaped wherever it stands */
#pragma once

#include <stdio.h>

#include "ctl/entry.h"
#include "ctl/json.h"
#include "ctl/people.h"

/* As it is if it is a name, a path or a unit; else in quotes, with \xNN for what may not be shown. */
void safe_print(FILE *to, struct slice text);

/* "alice", or "alice as root" where the user has changed since login, or "?" */
void entry_print_user(const struct entry *e, struct people *people, FILE *to);
/* `first` is RECORD_SENDER or RECORD_PEER: "alice as root, session 3, ssh.service, gdbus[4242]" */
void entry_print_end(const struct entry *e, unsigned int first, struct people *people, FILE *to);
/* "org.a.I.M at /path" */
void entry_print_method(const struct entry *e, FILE *to);
/* "call org.a.I.M at /path of org.a (root, a.service, a[7])", "own org.a", "connect" ... */
void entry_print_what(const struct entry *e, struct people *people, FILE *to);
/* "send rules: /etc/x.conf:12 <deny .../>", "limit: max_names_per_connection=512" */
void entry_print_why(const struct entry *e, FILE *to);
/* " (41 times)" and what else a record says of others than itself */
void entry_print_counts(const struct entry *e, FILE *to);
/* "denied", "allowed" (of the bus itself: "failed", "done"), or "permissive" for what was let through
 * only because nothing is enforced */
const char *entry_outcome(const struct entry *e);
/* All of it in a line. */
void entry_print(const struct entry *e, struct people *people, FILE *to);
/* All of it as an object. */
void entry_json(struct json *j, const struct entry *e, struct people *people);
