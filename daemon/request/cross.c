/* SPDX-License-Identifier: MIT */
/*
 * A handler in a fiber of its own: see cross.h.
 *
 * Callbacks that one hub sends the other may come when all is over, so each
 * holds a reference to what they are about.
 *
 * The transport's fiber does not leave before the handler has returned: the
 * request, and what the transport has for it, are used by the handler.  Where
 * it is cancelled it has the handler cancelled, and goes on to wait.
 */
#include "request/cross.h"

#include <stdlib.h>
#include <string.h>

#include "request/list.h"
#include "request/port.h"

struct gruvid__crossing {
    unsigned refs; /* atomic */
    struct gruvid_request *request;
    gruvi_hub_t *there; /* the handler's hub; borrowed */
    gruvi_hub_t *back;  /* the transport's; borrowed */

    gruvi_event_t asked; /* there is an errand, or the end */
    gruvi_event_t answered;
    const struct gruvid__errand *errand; /* NULL: the end */
    ssize_t result;
    int status; /* of the handler, at the end */

    /* For the handler's hub. */
    gruvi_fiber_t *handler; /* owned; NULL: it has ended, or not begun */
    bool is_busy;           /* with an errand */
    unsigned n_errands;     /* so far */
    unsigned aborted;       /* the last that was to be; atomic */
    const char *kept;       /* read for a handler that was interrupted */
    size_t n_kept;
    bool is_cancelled; /* before its fiber has begun */
    bool is_over;

    /* For the transport's hub. */
    gruvi_fiber_t *fiber; /* borrowed */
    bool runs;            /* an errand */
    bool is_aborted;      /* the errand was to be */
    bool has_told;        /* the handler that it is cancelled */
};

static void
unref(struct gruvid__crossing *crossing)
{
    if (__atomic_sub_fetch(&crossing->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gruvi_event_destroy(&crossing->asked);
    gruvi_event_destroy(&crossing->answered);
    free(crossing);
}

/* Call a function in a hub, with a reference that it has to give back. */
static int
post(struct gruvid__crossing *crossing, gruvi_hub_t *hub, void (*fn)(void *arg))
{
    int err;

    __atomic_add_fetch(&crossing->refs, 1, __ATOMIC_RELAXED);
    err = gruvi_hub_run_callback(hub, fn, crossing);
    if (err < 0)
        unref(crossing);
    return err;
}

/* --- in the handler's hub ------------------------------------------------- */

/* The transport may free the request from here on. */
static void
end(struct gruvid__crossing *crossing, int status)
{
    struct gruvid_request *request = crossing->request;
    gruvi_fiber_t *handler = crossing->handler;

    crossing->handler = NULL;
    crossing->is_over = true;
    gruvid__requests_remove(request);
    crossing->errand = NULL;
    crossing->status = status;
    gruvi_event_set(&crossing->asked);
    if (handler != NULL)
        gruvi_fiber_unref(handler);
}

static GRUVI_SWITCHPOINT int
handler_main(void *arg)
{
    struct gruvid__crossing *crossing = arg;
    int status = UV_ECANCELED;

    crossing->request->runs = true;
    if (!crossing->is_cancelled)
        status = gruvid__request_call(crossing->request);
    end(crossing, status);
    unref(crossing);
    return 0;
}

static void
begin_there(void *arg)
{
    struct gruvid__crossing *crossing = arg;
    struct gruvid_request *request = crossing->request;
    gruvi_fiber_options_t options = {.name = "request"};

    gruvid__requests_add(request);
    if (request->shard->has_group)
        GRUVI_IN_GROUP (&request->shard->group) {
            crossing->handler =
                gruvi_spawn_ex(handler_main, crossing, &options);
        }
    /* The fiber has the callback's reference. */
    if (crossing->handler == NULL) {
        end(crossing, UV_EAGAIN);
        unref(crossing);
    }
}

void
gruvid__cross_drop(struct gruvid_request *request)
{
    struct gruvid__crossing *crossing = request->crossing;

    /* Its fiber never runs: the group is about to be cancelled. */
    gruvi_fiber_cancel(crossing->handler, NULL);
    end(crossing, UV_ECANCELED);
    unref(crossing);
}

static void
cancel_there(void *arg)
{
    struct gruvid__crossing *crossing = arg;

    if (!crossing->is_over && crossing->request->runs)
        gruvi_fiber_cancel(crossing->handler, "the peer has gone");
    crossing->is_cancelled = true;
    unref(crossing);
}

static void abort_errand(void *arg);

/* What came for a read that was interrupted is for the next. */
static void
keep(struct gruvid__crossing *crossing, const void *data, size_t size)
{
    struct gruvid_request *request = crossing->request;
    char *kept = gruvid_request_alloc(request, size);

    if (kept == NULL) {
        request->body_error = UV_ENOMEM;
        return;
    }
    memcpy(kept, data, size);
    crossing->kept = kept;
    crossing->n_kept = size;
}

static ssize_t
take_kept(struct gruvid__crossing *crossing,
          const struct gruvid__errand *errand)
{
    size_t n = crossing->n_kept;

    if (n > errand->size)
        n = errand->size;
    memcpy(errand->buf, crossing->kept, n);
    crossing->kept += n;
    crossing->n_kept -= n;
    return (ssize_t)n;
}

/* Wait until the transport's fiber has run the errand, which uses the memory of
 * this one. */
static GRUVI_SWITCHPOINT ssize_t
await_answer(struct gruvid__crossing *crossing,
             const struct gruvid__errand *errand)
{
    int err = gruvi_event_wait(&crossing->answered, GRUVI_FOREVER);

    if (err == 0)
        return crossing->result;
    __atomic_store_n(&crossing->aborted, crossing->n_errands, __ATOMIC_RELAXED);
    post(crossing, crossing->back, abort_errand);
    GRUVI_SHIELD {
        (void)gruvi_event_wait(&crossing->answered, GRUVI_FOREVER);
    }
    if (errand->what == GRUVID__PORT_READ && crossing->result > 0)
        keep(crossing, errand->buf, (size_t)crossing->result);
    return err;
}

GRUVI_SWITCHPOINT ssize_t
gruvid__cross_run(struct gruvid_request *request,
                  const struct gruvid__errand *errand)
{
    struct gruvid__crossing *crossing = request->crossing;
    ssize_t result;

    if (crossing->is_busy)
        return UV_EBUSY;
    if (errand->what == GRUVID__PORT_READ && crossing->n_kept > 0)
        return take_kept(crossing, errand);
    crossing->is_busy = true;
    crossing->n_errands++;
    crossing->errand = errand;
    gruvi_event_clear(&crossing->answered);
    gruvi_event_set(&crossing->asked);
    result = await_answer(crossing, errand);
    crossing->is_busy = false;
    return result;
}

/* --- in the transport's hub ----------------------------------------------- */

/* By the time it comes there may be another errand. */
static void
abort_errand(void *arg)
{
    struct gruvid__crossing *crossing = arg;

    if (crossing->runs &&
        crossing->n_errands ==
            __atomic_load_n(&crossing->aborted, __ATOMIC_RELAXED)) {
        crossing->is_aborted = true;
        gruvi_fiber_cancel(crossing->fiber, "the handler was cancelled");
    }
    unref(crossing);
}

static void
tell(struct gruvid__crossing *crossing)
{
    if (crossing->has_told)
        return;
    crossing->has_told = post(crossing, crossing->there, cancel_there) == 0;
}

void
gruvid__cross_cancel(struct gruvid_request *request)
{
    tell(request->crossing);
}

/* The transport's fiber was cancelled, or is out of time. */
static void
be_interrupted(struct gruvid__crossing *crossing, int err)
{
    bool finishes =
        __atomic_load_n(&crossing->request->is_finished, __ATOMIC_RELAXED);

    if (err == UV_ECANCELED)
        crossing->request->n_cancels++;
    else
        crossing->request->interrupted = err;
    if (!finishes || err != UV_ECANCELED)
        tell(crossing);
}

/* Wait for an errand or the end. */
static GRUVI_SWITCHPOINT void
await(struct gruvid__crossing *crossing)
{
    int err = UV_ECANCELED;

    while (err < 0 && !crossing->has_told) {
        err = gruvi_event_wait(&crossing->asked, GRUVI_FOREVER);
        if (err < 0)
            be_interrupted(crossing, err);
    }
    if (err < 0) {
        GRUVI_SHIELD {
            (void)gruvi_event_wait(&crossing->asked, GRUVI_FOREVER);
        }
    }
    gruvi_event_clear(&crossing->asked);
}

static GRUVI_SWITCHPOINT void
run(struct gruvid__crossing *crossing)
{
    crossing->runs = true;
    crossing->result = crossing->has_told ? UV_ECANCELED
                                          : gruvid__port_run(crossing->request,
                                                             crossing->errand);
    crossing->runs = false;
    if (crossing->result == UV_ECANCELED && !crossing->is_aborted)
        be_interrupted(crossing, UV_ECANCELED);
    /* The cancel came too late for the errand, and is for nothing else. */
    if (crossing->result != UV_ECANCELED && crossing->is_aborted)
        (void)gruvi_sleep(0);
    crossing->is_aborted = false;
    gruvi_event_set(&crossing->answered);
}

static struct gruvid__crossing *
new_crossing(struct gruvid_request *request)
{
    struct gruvid__crossing *crossing = calloc(1, sizeof *crossing);

    if (crossing == NULL)
        return NULL;
    crossing->refs = 1;
    crossing->request = request;
    crossing->there = request->shard->hub->hub;
    crossing->back = gruvi_get_hub();
    crossing->fiber = gruvi_current_fiber();
    gruvi_event_init(&crossing->asked);
    gruvi_event_init(&crossing->answered);
    return crossing;
}

/* What a handler asks of its transport when it is not in its hub. */
static void
ask_before(struct gruvid_request *request)
{
    if (request->in.peer == NULL && request->in.peer_of != NULL)
        request->in.peer = request->in.peer_of(request->in.exchange);
}

GRUVI_SWITCHPOINT int
gruvid__cross(struct gruvid_request *request)
{
    struct gruvid__crossing *crossing = new_crossing(request);
    int status;

    if (crossing == NULL)
        return UV_EAGAIN;
    ask_before(request);
    request->crossing = crossing;
    status = post(crossing, crossing->there, begin_there);
    if (status == 0) {
        await(crossing);
        while (crossing->errand != NULL) {
            run(crossing);
            await(crossing);
        }
        status = crossing->status;
    }
    request->crossing = NULL;
    unref(crossing);
    return status;
}
