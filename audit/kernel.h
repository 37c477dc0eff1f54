/*
 * kernel.h - the kernel's audit trail as a sink. The build chooses kernel.c or kernel_none.c, where
 * there is none (-ENOSYS).
 */
#pragma once

#include "audit/record.h"

/* A socket to the audit system, or -errno. It says nothing about whether we may write. */
int kernel_open(void);
/* Whether records are taken from us: 0, -EPERM (no CAP_AUDIT_WRITE), -ECONNREFUSED (not in the initial
 * namespaces) or another -errno. Leaves no record. */
int kernel_probe(int fd);
/* 0; -EOPNOTSUPP: auditing is disabled, and the kernel would drop a record of this type; -ETIMEDOUT:
 * its queue was full, and nobody knows whether it kept the record; or another -errno. Blocks while
 * the kernel makes us wait. */
int kernel_write(int fd, const struct record *record);
