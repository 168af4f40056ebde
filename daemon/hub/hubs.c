/* SPDX-License-Identifier: MIT */
/* The threads of hubs, and calls into them: see hubs.h. */
#include "hub/hubs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log/sink.h"

/* Seconds for a hub to come to a call.  Code that keeps a hub for that long
 * stops everything else in it meanwhile. */
#define PATIENCE 5.0

static __thread struct gruvid__hub *self;

struct gruvid__hub *
gruvid__hub_self(void)
{
    return self;
}

/* --- the thread ---------------------------------------------------------- */

static bool
change(struct gruvid__hub *hub, enum gruvid__call_state from,
       enum gruvid__call_state to)
{
    return __atomic_compare_exchange_n(&hub->state, &from, to, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static GRUVI_SWITCHPOINT void
serve_calls(struct gruvid__hub *hub)
{
    for (;;) {
        int err = gruvi_event_wait(&hub->asked, GRUVI_FOREVER);

        if (err < 0) {
            /* Never seen.  To wait again would be to loop. */
            gruvi_error("the root fiber cannot wait: %s", gruvi_strerror(err));
            return;
        }
        gruvi_event_clear(&hub->asked);
        if (!change(hub, GRUVID__CALL_ASKED, GRUVID__CALL_TAKEN))
            continue;
        if (hub->call == NULL)
            return;
        hub->result = hub->call(hub->arg);
        gruvi_event_set(&hub->answered);
    }
}

static void
note_thread(struct gruvid__hub *hub)
{
    hub->tid = gettid();
    pthread_getcpuclockid(pthread_self(), &hub->cpu_clock);
    hub->epoll_fd = gruvi__hub_set(hub->hub);
}

static int
make_hub(struct gruvid__hub *hub)
{
    gruvi_hub_t *made = gruvi_get_hub();

    if (made == NULL)
        return gruvi_last_error();
    gruvi_hub_set_max_fibers(made, hub->all->max_fibers);
    hub->hub = gruvi_hub_ref(made);
    note_thread(hub);
    return 0;
}

static void *
hub_main(void *arg)
{
    struct gruvid__hub *hub = arg;
    char name[16];

    self = hub;
    gruvid__log_set_hub(hub->name);
    snprintf(name, sizeof name, "gruvid-hub-%u", hub->number);
    pthread_setname_np(pthread_self(), name);
    hub->result = make_hub(hub);
    gruvi_event_set(&hub->answered);
    if (hub->hub != NULL) {
        serve_calls(hub);
        (void)gruvi_hub_close(hub->hub);
        __atomic_store_n(&hub->ended, true, __ATOMIC_RELEASE);
        gruvi_event_set(&hub->answered);
    }
    return NULL;
}

/* --- the leader's side ---------------------------------------------------- */

static double
patience(const struct gruvid__hub *hub)
{
    double timeout = gruvid__cancel_timeout(hub->all->leader);

    return timeout > PATIENCE ? timeout : PATIENCE;
}

/* In two halves: if the whole process stood still during the first, the hub
 * still has the second. */
static GRUVI_SWITCHPOINT bool
await_answer(struct gruvid__hub *hub, double timeout)
{
    for (int half = 0; half < 2; half++)
        if (gruvid__await(hub->all->leader, &hub->answered,
                          gruvid__now() + timeout / 2))
            return true;
    return false;
}

/* It is not called any more. */
static void
give_up(struct gruvid__hub *hub)
{
    hub->stuck = hub->all->leader->abandoned = true;
}

static void
ask(struct gruvid__hub *hub, GRUVI_SWITCHPOINT int (*call)(void *arg),
    void *arg)
{
    hub->call = call;
    hub->arg = arg;
    gruvi_event_clear(&hub->answered);
    __atomic_store_n(&hub->state, GRUVID__CALL_ASKED, __ATOMIC_RELEASE);
    gruvi_event_set(&hub->asked);
}

/* The hub does not answer. */
static int
withdraw(struct gruvid__hub *hub)
{
    const struct gruvid__leader *leader = hub->all->leader;
    bool goes_on = leader->serving && !gruvid__stopping(leader);

    change(hub, GRUVID__CALL_ASKED, GRUVID__CALL_NONE);
    if (!hub->silent || !goes_on)
        gruvi_error("%s does not answer: code that runs there has not let go "
                    "of its thread%s",
                    hub->name, goes_on ? "" : "; abandoned");
    hub->silent = true;
    if (!goes_on)
        give_up(hub);
    return UV_ETIMEDOUT;
}

/* Wait for the answer to the call. */
static GRUVI_SWITCHPOINT bool
await_call(struct gruvid__hub *hub, double within)
{
    if (!await_answer(hub, within + patience(hub)))
        return false;
    __atomic_store_n(&hub->state, GRUVID__CALL_NONE, __ATOMIC_RELAXED);
    if (hub->silent)
        gruvi_info("%s answers again", hub->name);
    hub->silent = false;
    return true;
}

/* Wait for other calls, and for one that has not come back in time. */
static GRUVI_SWITCHPOINT bool
take_turn(struct gruvid__hub *hub, double within)
{
    while (hub->busy) {
        gruvi_event_clear(&hub->free);
        GRUVI_SHIELD {
            (void)gruvid__await(hub->all->leader, &hub->free, GRUVI_FOREVER);
        }
    }
    hub->busy = true;
    return __atomic_load_n(&hub->state, __ATOMIC_RELAXED) ==
               GRUVID__CALL_NONE ||
           await_call(hub, within);
}

GRUVI_SWITCHPOINT int
gruvid__hub_call(struct gruvid__hub *hub,
                 GRUVI_SWITCHPOINT int (*call)(void *arg), void *arg,
                 double within)
{
    int err = UV_ETIMEDOUT;

    if (hub->number == 1)
        return call(arg);
    if (!take_turn(hub, within)) {
        err = hub->stuck ? err : withdraw(hub);
    } else if (!hub->stuck) {
        ask(hub, call, arg);
        err = await_call(hub, within) ? hub->result : withdraw(hub);
    }
    hub->busy = false;
    gruvi_event_set(&hub->free);
    return err;
}

/* Its mask of signals is the leader's: nothing is blocked, for programs that
 * code in the hub starts inherit that. */
static int
begin_thread(struct gruvid__hub *hub)
{
    return uv_translate_sys_error(
        pthread_create(&hub->thread, NULL, hub_main, hub));
}

static const char *
hint(int err)
{
    switch (err) {
    case UV_EMFILE:
    case UV_ENFILE:
        return "; allow more open files, or set gruvid.hubs lower";
    case UV_EAGAIN:
    case UV_ENOMEM:
        return "; set gruvid.hubs lower";
    default:
        return "";
    }
}

static GRUVI_SWITCHPOINT int
open_hub(struct gruvid__hub *hub)
{
    int err = begin_thread(hub);

    if (err == 0) {
        if (!await_answer(hub, patience(hub))) {
            give_up(hub);
            err = UV_ETIMEDOUT;
        } else if ((err = hub->result) < 0)
            /* NOLINTNEXTLINE(gruvi-blocking): it has answered, and ends */
            pthread_join(hub->thread, NULL);
    }
    if (err < 0)
        gruvi_error("%s cannot be made: %s%s", hub->name, gruvi_strerror(err),
                    hint(err));
    return err;
}

static void
init_hub(struct gruvid__hubs *hubs, unsigned i)
{
    struct gruvid__hub *hub = &hubs->at[i];

    hub->all = hubs;
    hub->number = i + 1;
    snprintf(hub->name, sizeof hub->name, "hub %u", hub->number);
    gruvi_event_init(&hub->asked);
    gruvi_event_init(&hub->answered);
    gruvi_event_init(&hub->free);
}

GRUVI_SWITCHPOINT int
gruvid__hubs_open(struct gruvid__hubs *hubs, unsigned n)
{
    hubs->at = calloc(n, sizeof *hubs->at);
    if (hubs->at == NULL) {
        gruvi_error("cannot start: %s", gruvi_strerror(UV_ENOMEM));
        return UV_ENOMEM;
    }
    self = &hubs->at[0];
    for (unsigned i = 0; i < n; i++) {
        int err = 0;

        init_hub(hubs, i);
        if (i == 0) {
            hubs->at[i].hub = gruvi_hub_ref(gruvi_get_hub());
            note_thread(&hubs->at[i]);
        } else {
            err = open_hub(&hubs->at[i]);
        }
        if (err < 0)
            return err;
        /* Counted once it is there: a signal may have it looked at. */
        hubs->n++;
    }
    gruvid__log_show_hubs(n > 1);
    return 0;
}

static GRUVI_SWITCHPOINT void
close_hub(struct gruvid__hub *hub)
{
    if (take_turn(hub, 0)) {
        ask(hub, NULL, NULL);
        if (await_call(hub, 0)) {
            /* NOLINTNEXTLINE(gruvi-blocking): it has answered, and ends */
            pthread_join(hub->thread, NULL);
            return;
        }
    }
    give_up(hub);
    gruvi_error("%s does not end: fibers that belong to no plugin are left "
                "there; abandoned",
                hub->name);
}

GRUVI_SWITCHPOINT void
gruvid__hubs_close(struct gruvid__hubs *hubs)
{
    for (unsigned i = hubs->n; i > 1; i--)
        close_hub(&hubs->at[i - 1]);
}

void
gruvid__hubs_free(struct gruvid__hubs *hubs)
{
    for (unsigned i = 0; i < hubs->n; i++) {
        gruvi_event_destroy(&hubs->at[i].asked);
        gruvi_event_destroy(&hubs->at[i].answered);
        gruvi_event_destroy(&hubs->at[i].free);
        gruvi_hub_unref(hubs->at[i].hub);
    }
    free(hubs->at);
    gruvid__log_show_hubs(false);
    self = NULL;
}
