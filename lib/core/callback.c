/* SPDX-License-Identifier: MIT */
/*
 * Callbacks: what gruvi_hub_run_callback() has the hub do in its next turn.
 * Its own thread queues them; another thread posts them to the inbox.
 *
 * Their memory comes in blocks: memory that one thread allocates and another
 * frees costs more than all the rest of a post.
 *
 *   | left | callback callback callback ...            |
 *            have run          are posted   not filled
 *
 *   hub's spare blocks --> block that a thread fills --> callbacks run
 *            ^                                               |
 *            '--------------- all have run ------------------'
 *
 * A thread fills its block from the front, each place once, and begins another
 * when that is full.  left counts the places that are not done with.  Hubs take
 * off those that have run, the thread, when it ends, those that it will not
 * fill; the last one has the block.  So a block lives as long as the youngest
 * of its callbacks, which is a turn of a hub as a rule.  A hub counts those of
 * the same block first, and takes them off all at once.
 *
 * What a burst took is kept for the next one, until the hub is idle: the C
 * library would give it back to the system, and page after page would be
 * missing in the next burst.
 */
#include <pthread.h>
#include <stdlib.h>

#include <gruvi/hub.h>

#include "base/likely.h"
#include "base/list.h"
#include "base/spin.h"
#include "base/threads.h"
#include "core/callback.h"
#include "core/hub.h"
#include "core/switch.h"
#include "core/thread.h"
#include "core/trace.h"

#define PLACES     100u /* a block has 4 KB */
#define SPARE_MOST 1024u

struct callback {
    struct gruvi__callback queued;
    struct gruvi__callback_block *block;
    void (*fn)(void *arg);
    void *arg;
};

struct gruvi__callback_block {
    unsigned left;                      /* atomic */
    struct gruvi__callback_block *next; /* of those that are spare */
    struct callback callbacks[PLACES];
};

/* --- memory --------------------------------------------------------------- */

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool has_key;

/* So many callbacks have run, or will never be filled; true: it was the last.
 */
static inline bool
take_off(struct gruvi__callback_block *block, unsigned n)
{
    return gruvi__atomic_sub_fetch(&block->left, n, __ATOMIC_ACQ_REL) == 0;
}

/* False where there are enough. */
static bool
put_spare(struct gruvi__spare_blocks *spare,
          struct gruvi__callback_block *block)
{
    bool kept;

    gruvi__spin_lock(&spare->lock);
    kept = spare->n < SPARE_MOST;
    if (kept) {
        block->next = spare->first;
        spare->first = block;
        gruvi__atomic_store(&spare->n, spare->n + 1, __ATOMIC_RELAXED);
    }
    gruvi__spin_unlock(&spare->lock);
    return kept;
}

/* NULL where there is none. */
static struct gruvi__callback_block *
take_spare(struct gruvi__spare_blocks *spare)
{
    struct gruvi__callback_block *block;

    if (gruvi__atomic_load(&spare->n, __ATOMIC_RELAXED) == 0)
        return NULL;
    gruvi__spin_lock(&spare->lock);
    block = spare->first;
    if (block != NULL) {
        spare->first = block->next;
        gruvi__atomic_store(&spare->n, spare->n - 1, __ATOMIC_RELAXED);
    }
    gruvi__spin_unlock(&spare->lock);
    return block;
}

size_t
gruvi__callbacks_trim(struct gruvi__spare_blocks *spare, size_t keep,
                      size_t max)
{
    size_t n = gruvi__atomic_load(&spare->n, __ATOMIC_RELAXED);

    for (; n > keep && max > 0; n--, max--)
        free(take_spare(spare));
    return n > keep ? n - keep : 0;
}

/* The thread ends.  A block that is full may be gone. */
static void
leave_block(void *block)
{
    struct gruvi__thread *self = &gruvi__self;

    self->filling = NULL;
    if (self->filled < PLACES && take_off(block, PLACES - self->filled))
        free(block);
}

static void
make_key(void)
{
    has_key = pthread_key_create(&key, leave_block) == 0;
}

static __attribute__((noinline)) bool
begin_block(struct gruvi__thread *self, gruvi_hub_t *hub)
{
    struct gruvi__callback_block *block;

    gruvi__once(&once, make_key);
    if (!has_key)
        return false;
    block = take_spare(&hub->spare);
    if (block == NULL && (block = malloc(sizeof *block)) == NULL)
        return false;
    if (pthread_setspecific(key, block) != 0) {
        free(block);
        return false;
    }
    block->left = PLACES;
    self->filling = block;
    self->filled = 0;
    return true;
}

/* Memory for a callback of hub; NULL: there is none. */
static inline struct callback *
fill(struct gruvi__thread *self, gruvi_hub_t *hub)
{
    struct callback *callback;

    if (gruvi__unlikely(self->filling == NULL || self->filled == PLACES) &&
        !begin_block(self, hub))
        return NULL;
    callback = &self->filling->callbacks[self->filled++];
    callback->block = self->filling;
    return callback;
}

void
gruvi__hub_free_callbacks(gruvi_hub_t *hub)
{
    struct gruvi__thread *self = &gruvi__self;
    struct gruvi__callback_block *block = self->emptying;

    if (block != NULL && take_off(block, self->emptied) &&
        !put_spare(&hub->spare, block))
        free(block);
    self->emptying = NULL;
    self->emptied = 0;
}

static inline void
empty(struct callback *callback)
{
    struct gruvi__thread *self = &gruvi__self;

    if (gruvi__unlikely(callback->block != self->emptying)) {
        gruvi__hub_free_callbacks(self->hub);
        self->emptying = callback->block;
    }
    self->emptied++;
}

/* --- callbacks ------------------------------------------------------------ */

static void
run_callback(struct gruvi__inbox_node *node)
{
    struct callback *callback =
        gruvi__list_entry(node, struct callback, queued.node);
    void (*fn)(void *arg) = callback->fn;
    void *arg = callback->arg;

    empty(callback);
    fn(arg);
}

int
gruvi__hub_callback_add(gruvi_hub_t *hub, struct gruvi__callback *callback)
{
    if (hub->closed)
        return UV_ESHUTDOWN;
    callback->node.next = NULL;
    *hub->callbacks_tail = &callback->node;
    hub->callbacks_tail = &callback->node.next;
    gruvi__call_hub(hub);
    return 0;
}

int
gruvi_hub_run_callback(gruvi_hub_t *hub, void (*fn)(void *arg), void *arg)
{
    struct gruvi__thread *self = &gruvi__self;
    struct callback *callback;
    int err;

    if (hub == NULL || fn == NULL)
        return UV_EINVAL;
    callback = fill(self, hub);
    if (callback == NULL)
        return UV_ENOMEM;
    callback->queued.node.run = run_callback;
    callback->fn = fn;
    callback->arg = arg;
    if (gruvi__is_own(hub))
        err = gruvi__hub_callback_add(hub, &callback->queued);
    else
        err = gruvi__inbox_post(&hub->inbox, &callback->queued.node);
    if (err < 0)
        self->filled--; /* the place is still this thread's, and the last */
    return err;
}

void
gruvi__hub_run_callbacks(gruvi_hub_t *hub)
{
    struct gruvi__inbox_node *node = hub->callbacks, *next;
    unsigned n = 0, posts;

    hub->callbacks = NULL;
    hub->callbacks_tail = &hub->callbacks;
    posts = gruvi__inbox_drain(&hub->inbox);
    hub->had_posts |= posts > 0;
    gruvi__trace_ran(hub, GRUVI__HUB_POSTS, posts);
    for (; node != NULL; node = next) {
        next = node->next;
        node->run(node);
        n++;
    }
    gruvi__hub_free_callbacks(hub);
    gruvi__trace_ran(hub, GRUVI__HUB_CALLBACKS, n);
}
