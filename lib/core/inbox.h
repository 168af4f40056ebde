/* SPDX-License-Identifier: MIT */
/* The inbox of a hub, by which other threads enter it: see inbox.c. */
#ifndef GRUVI_CORE_INBOX_H
#define GRUVI_CORE_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/threads.h"

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

/* When it is worth while to wait for the next message awake; of the hub's
 * thread. All zeros at first. */
struct gruvi__patience {
    unsigned failures; /* since it last was; up to a limit */
    unsigned skip;     /* so many times it is not tried */
    uint64_t tried, failed;
};

/*
 * The hub has had messages, has done what they say, and has nothing else to do:
 * wait for the next one for some microseconds, awake.  A thread that answers at
 * once does so by then, and neither of both pays for sleeping and waking up.
 *
 * Returns whether there is one.
 */
bool gruvi__inbox_await(const struct gruvi__inbox *inbox,
                        struct gruvi__patience *patience);

static inline bool
gruvi__inbox_empty(const struct gruvi__inbox *inbox)
{
    return gruvi__atomic_load(&inbox->head, __ATOMIC_SEQ_CST) == NULL;
}

#endif
