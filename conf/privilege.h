/* privilege.h - who reads configuration files: nobody, with the right to read any file */
#pragma once

/*
 * For root: becomes `name` (or, where there is no such user, uid 65534) and keeps CAP_DAC_READ_SEARCH
 * as far as it is had. For everybody: nothing that is executed can gain privilege. 0 or -errno; after
 * an error the process must not go on.
 */
int privilege_drop(const char *name);
