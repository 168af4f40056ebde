/* SPDX-License-Identifier: MIT */
/*
 * Work: which plugin does the messages of a consumer of JetStream.
 *
 *   a fiber for each  waits for the plugin, for a connection and for the
 *                     consumer, and pulls
 *   another           keeps what is in hand for longer than the consumer waits
 *   a fiber a message does it, and says what has become of it
 *
 * Where a reload takes work away, what is in hand is ended; then its memory
 * goes with the last that uses it.
 */
#ifndef NATS_WORK_H
#define NATS_WORK_H

#include <sys/queue.h>

#include <gruvi.h>

#include <gruvid/plugin.h>

#include "jetstream.h"
#include "subscription.h"

struct nats_delivery;
TAILQ_HEAD(nats_deliveries, nats_delivery);

/* How a pull has ended. */
enum nats_over {
    NATS_PULLED,  /* with all that was asked for */
    NATS_EXPIRED, /* ask again */
    NATS_CHANGED, /* look for the consumer, and ask again */
};

struct nats_work {
    struct nats_work *later; /* on works->first */
    struct nats_node *node;
    unsigned refs; /* the list, the fibers, the deliveries */
    bool wanted;   /* a reload has it */
    bool taken;    /* it is no reload's that may be refused */
    bool look;     /* options have changed: look for the consumer */
    char *name;    /* "STREAM/CONSUMER": all text is owned */
    char *stream, *consumer, *target;
    char *next;        /* a reload's: takes the place of target; NULL: none */
    char *offered;     /* a reload's, as long as that may be refused */
    bool was_answered; /* the plugin has answered before */

    /* What the server says. */
    struct nats_consumer info;
    char created[NATS_TIME]; /* of the stream */
    int trouble;             /* the last that was logged; 0: none */

    /* The pull: one at a time. */
    struct nats_subscription *inbox;
    char prefix[48];
    uint64_t number;
    size_t left; /* that may still come */
    bool ended;  /* the server says so */
    enum nats_over over;
    double heard;       /* when something of it came last */
    gruvi_event_t wake; /* look at these, and at wanted */

    /* In hand, and ours: what came or was signalled longest ago is the first.
     * And how many are in hand at all. */
    struct nats_deliveries in_hand;
    size_t n_in_hand, bytes_in_hand;
    bool is_idle;       /* the keeper waits for the first */
    gruvi_event_t keep; /* there are some, the consumer waits for another time,
                         * or it is not wanted */
};

struct nats_works {
    struct nats_work *first;
    size_t n;     /* that are wanted */
    size_t asked; /* messages that pulls may still bring */
    size_t most;  /* max_queued that a pull has seen, and of bytes */
    size_t most_bytes;
    gruvi_event_t room; /* there may be room for more */
    gruvi_event_t open; /* there is a connection: set with it */
};

void nats_works_init(struct nats_works *works);

/* Whether the lines of the section are as they should be: else UV_EINVAL, after
 * gruvid_plugin_fail(). */
int nats_works_check_lines(gruvid_plugin_t *plugin);

/*
 * Read the work of the section, to take or to undo it: what is new is added,
 * and begun.
 *
 * Returns 0; UV_ENOMEM after gruvid_plugin_fail(), and nothing has changed.
 */
int nats_works_read(struct nats_node *node);

/* What was read is wanted, and nothing else; or nothing was read. */
void nats_works_take(struct nats_node *node);
void nats_works_undo(struct nats_node *node);

/* See whether all can be done, where a start waits for that: else its code,
 * after gruvid_plugin_fail(). */
GRUVI_SWITCHPOINT int nats_works_check(struct nats_node *node);

/* Options have changed: look for all again. */
void nats_works_look_again(struct nats_node *node);

/* Pull no more, in this connection. */
void nats_works_end(struct nats_node *node);

/* The connection is lost, or something else has changed for all. */
void nats_works_wake(struct nats_node *node);

/* After all fibers have ended. */
void nats_works_free(struct nats_node *node);

struct nats_work *nats_work_ref(struct nats_work *work);
void nats_work_unref(struct nats_work *work);

/*
 * Look for stream and consumer.
 *
 *   why  what is wrong, and what to do about it
 *
 * Returns 0; UV_ENOENT (one of them is not there), UV_ENOTSUP (it can never be
 * done so), and any other code, after which it may be tried again.
 */
GRUVI_SWITCHPOINT int nats_work_look(struct nats_work *work, char *why,
                                     size_t room);

/* Look whether its plugin answers.  One that a reload has put in the place of
 * another is its plugin from when it answers on.  As gruvid_target_wait(). */
GRUVI_SWITCHPOINT int nats_work_poll_target(struct nats_work *work);

/* Its first fiber; it has a reference. */
GRUVI_SWITCHPOINT int nats_work_main(void *work);

#endif
