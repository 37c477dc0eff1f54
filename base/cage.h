/*
 * cage.h - what a process may still ask of the kernel once it has what it needs. Each process has one
 * table of this shape (broker/cage.c, audit/cage.c, conf/cage.c, agent/cage.c), which is all there is
 * to know about it; HACKING.md says how something is added.
 */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>

enum cage_access { CAGE_READ = 1, CAGE_WRITE = 2 };

/* A file, or all below a folder. */
struct cage_path {
	const char *path;
	unsigned int access;
};

struct cage_limit {
	__rlimit_resource_t resource;
	rlim_t value;
};

struct cage {
	const char *name; /* of the process */
	/* names with blanks between them; a call that the architecture does not have is left out */
	const char *const *calls; /* texts, to NULL */
	/* may make threads and processes, but no namespaces: in a user namespace of its own it would
	 * have all capabilities */
	bool threads;
	/* other people's code runs in it: what is not allowed fails with EPERM instead of killing it */
	bool lenient;
	/* what may be opened, to a NULL path; descriptors that were opened before or came over a
	 * socket are not asked about. Nothing may be made, removed, renamed or executed. */
	const struct cage_path *paths;
	/* may connect to abstract sockets and over TCP; sockets with a path are not restricted. Else it
	 * makes sockets of AF_UNIX and AF_NETLINK, whatever is in `calls`, and no others */
	bool connects;
	const struct cage_limit *limits; /* soft and hard */
	int limits_n;
};

/* The calls without which no process of ours can do anything, end, or fail with a core dump (sysinfo:
 * of qsort). All may ask by ioctl whether something is a terminal, as stdio does, how much waits in a
 * socket, and about a pidfd; and nothing else. */
#define CAGE_CALLS_BASE                                                                            \
	"brk mmap mmap2 munmap mprotect mremap madvise futex futex_time64 getrandom membarrier",   \
		"read readv write writev close lseek _llseek fcntl fcntl64 fstat fstat64 dup",     \
		"clock_gettime clock_gettime64 gettimeofday time restart_syscall",                 \
		"getpid gettid getppid getuid geteuid getgid getegid",                             \
		"getuid32 geteuid32 getgid32 getegid32",                                           \
		"rt_sigaction rt_sigprocmask rt_sigreturn sigreturn sigaltstack tgkill",           \
		"exit exit_group rseq set_robust_list sysinfo"
/* Opening and looking; where is a question of paths. */
#define CAGE_CALLS_FILES                                                                           \
	"open openat openat2 access faccessat faccessat2 stat stat64 lstat lstat64 newfstatat",    \
		"fstatat64 statx readlink readlinkat getdents getdents64 statfs statfs64",         \
		"fstatfs fstatfs64 pread64 getcwd"
/* Sockets that are there already, and waiting for them. */
#define CAGE_CALLS_MESSAGES                                                                        \
	"recvmsg sendmsg recvfrom recv sendto send sendmmsg recvmmsg getsockopt setsockopt",       \
		"getsockname getpeername shutdown poll ppoll ppoll_time64"

enum { CAGE_HAS_CALLS = 1, CAGE_HAS_FILES = 2 };

/* What this build and this kernel can do; a build with sanitizers can do nothing. */
unsigned int cage_has(void);
/*
 * For a process with one thread, when it is about to look at what others wrote. What the kernel does
 * not have is left out; for anything else that fails -errno, and the process must not go on.
 */
int cage_enter(const struct cage *cage);
/* The same in two steps: threads that are made between them are in the cage, and no more can be made. */
int cage_files(const struct cage *cage);
int cage_calls(const struct cage *cage);
