/* SPDX-License-Identifier: MIT */
/* The inbox of a hub, by which other threads enter it: see inbox.c. */
#ifndef GRUVI_CORE_INBOX_H
#define GRUVI_CORE_INBOX_H

#include <stdbool.h>
#include <stddef.h>

/* One message to a hub.  run is called in the hub's fiber, and may free it. */
struct gruvi__inbox_node {
    struct gruvi__inbox_node *next;
    void (*run)(struct gruvi__inbox_node *node);
};

struct gruvi__inbox {
    struct gruvi__inbox_node *head; /* atomic; newest first */
    int sleeping; /* atomic: the hub may block in its loop; write to fd */
    int fd;       /* eventfd, open as long as the hub's memory lives */
};

int gruvi__inbox_init(struct gruvi__inbox *inbox);
void gruvi__inbox_destroy(struct gruvi__inbox *inbox);

/* From any thread.  0, or UV_ESHUTDOWN: then node is still the caller's. */
int gruvi__inbox_post(struct gruvi__inbox *inbox,
                      struct gruvi__inbox_node *node);

/* Run what was there when the call began, in the order posted.  Returns how
 * many. */
unsigned gruvi__inbox_drain(struct gruvi__inbox *inbox);

/* Refuse posts from now on, and run what was accepted before. */
void gruvi__inbox_close(struct gruvi__inbox *inbox);

static inline bool
gruvi__inbox_empty(const struct gruvi__inbox *inbox)
{
    return __atomic_load_n(&inbox->head, __ATOMIC_SEQ_CST) == NULL;
}

#endif
