// SPDX-License-Identifier: MIT
/* Intrusive doubly linked list with a head that is itself a node.
 * Not concurrent: a list belongs to one CPU or to one lock. */
#pragma once
#include "bits.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert_before(struct list *at, struct list *node)
{
	node->next = at;
	node->prev = at->prev;
	at->prev->next = node;
	at->prev = node;
}

static inline void list_append(struct list *head, struct list *node)
{
	list_insert_before(head, node);
}

/* Take node out; it is then a list of its own, so removing it twice is harmless. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define list_for_each(node, head)                                                        \
	for (struct list *node = (head)->next; node != (head); node = node->next)
#define list_for_each_safe(node, tmp, head)                                              \
	for (struct list *node = (head)->next, *tmp = node->next; node != (head);        \
	     node = tmp, tmp = node->next)
