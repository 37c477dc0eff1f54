/* drop.h - ownership that ends with the scope: DROP frees at the brace, TAKE gives away */
#pragma once

#include <stdlib.h>
#include <unistd.h>

/* DROP_WITH(peer, peer_free): allows `DROP(peer) p = peer_new();`. The function accepts NULL. */
#define DROP_WITH(type, fn)                                                                        \
	static inline void drop_##type(struct type **p)                                            \
	{                                                                                          \
		fn(*p);                                                                            \
	}
#define DROP(type) __attribute__((cleanup(drop_##type))) struct type *
#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) take_ = (p);                                                         \
		(p) = NULL;                                                                        \
		take_;                                                                             \
	})

static inline void drop_heap(void *p)
{
	free(*(void **)p);
}
/* DROP_HEAP char *s = strdup(...); */
#define DROP_HEAP __attribute__((cleanup(drop_heap)))

static inline void drop_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
/* DROP_FD int fd = open(...); and TAKE_FD(fd) to give it away */
#define DROP_FD __attribute__((cleanup(drop_fd)))
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int take_ = (fd);                                                                  \
		(fd) = -1;                                                                         \
		take_;                                                                             \
	})

#define container_of(ptr, type, member)                                                            \
	((type *)((char *)(1 ? (ptr) : &((type *)0)->member) - __builtin_offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
