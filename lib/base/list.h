/* SPDX-License-Identifier: MIT */
/*
 * An intrusive, circular, doubly linked list.  A link that is on no list
 * points to itself, so that removing it twice is harmless.
 */
#ifndef GRUVI_BASE_LIST_H
#define GRUVI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct gruvi__list {
    struct gruvi__list *next, *prev;
};

#define gruvi__list_entry(link, type, member)                                  \
    ((type *)((char *)(link)-offsetof(type, member)))

static inline void
gruvi__list_init(struct gruvi__list *list)
{
    list->next = list->prev = list;
}

static inline bool
gruvi__list_empty(const struct gruvi__list *list)
{
    return list->next == list;
}

/* Append link, which is on no list. */
static inline void
gruvi__list_add(struct gruvi__list *list, struct gruvi__list *link)
{
    /* gcc 12 and newer warns of a link on a stack, because it does not see that
     * the link is taken off again.  Here it does not see where the link is. */
    __asm__("" : "+r"(link));
    link->next = list;
    link->prev = list->prev;
    list->prev->next = link;
    list->prev = link;
}

/* gruvi__list_remove() of a link that is not looked at again. */
static inline void
gruvi__list_unlink(struct gruvi__list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
}

static inline void
gruvi__list_remove(struct gruvi__list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    gruvi__list_init(link);
}

/* Take the first link off, NULL where there is none. */
static inline struct gruvi__list *
gruvi__list_pop(struct gruvi__list *list)
{
    struct gruvi__list *link = list->next;

    if (link == list)
        return NULL;
    gruvi__list_remove(link);
    return link;
}

/* Move all of from to the end of list. */
static inline void
gruvi__list_splice(struct gruvi__list *list, struct gruvi__list *from)
{
    if (gruvi__list_empty(from))
        return;
    from->next->prev = list->prev;
    list->prev->next = from->next;
    from->prev->next = list;
    list->prev = from->prev;
    gruvi__list_init(from);
}

#endif
