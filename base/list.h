/* list.h - a circular list whose links are embedded in its members; an unlinked member knows it */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/drop.h"

struct list {
	struct list *prev, *next;
};

#define LIST_INIT(name)                                                                            \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* Whether a member stands in some list; members start zeroed or list_init'ed. */
static inline bool list_is_linked(const struct list *l)
{
	return l->next && l->next != l;
}

/* Puts `member` before `at`: with a list's head that is the end of the list. */
static inline void list_append(struct list *at, struct list *member)
{
	member->prev = at->prev;
	member->next = at;
	at->prev->next = member;
	at->prev = member;
}

static inline void list_prepend(struct list *head, struct list *member)
{
	list_append(head->next, member);
}

/* Harmless on a member that is not linked. */
static inline void list_unlink(struct list *member)
{
	if (!member->next)
		return;
	member->prev->next = member->next;
	member->next->prev = member->prev;
	list_init(member);
}

static inline struct list *list_first(struct list *l)
{
	return list_is_empty(l) ? NULL : l->next;
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_for_each(at, head) for (struct list *at = (head)->next; at != (head); at = at->next)
/* the current member may be unlinked and freed inside */
#define list_for_each_safe(at, head)                                                               \
	for (struct list *at = (head)->next, *at##_next = at->next; at != (head);                  \
		at = at##_next, at##_next = at->next)
