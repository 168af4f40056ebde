/* SPDX-License-Identifier: MIT */
/*
 * SIGINT: the first hub of a process listens, and its root fiber's wait
 * returns UV_EINTR.  A program that handles, ignores or blocks SIGINT keeps
 * that.
 */
#include <signal.h>

#include <gruvi/hub.h>
#include <gruvi/log.h>

#include "base/threads.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/interrupt.h"
#include "core/signals.h"
#include "core/wait.h"

static gruvi_hub_t *listener; /* atomic */

static void
on_sigint(struct gruvi__signal_listener *sigint, uint64_t came)
{
    gruvi_hub_t *hub = gruvi__list_entry(sigint, gruvi_hub_t, sigint);

    (void)came;
    if (!hub->ignore_interrupt)
        gruvi__interrupt(hub->root, GRUVI__PENDING_INTERRUPT);
}

static bool
is_default(void)
{
    struct sigaction action;

    return sigaction(SIGINT, NULL, &action) == 0 &&
           !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL;
}

void
gruvi__sigint_listen(gruvi_hub_t *hub)
{
    gruvi_hub_t *none = NULL;

    if (!gruvi__atomic_compare_exchange(&listener, &none, hub, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return;
    hub->listens = true;
    if (!is_default())
        return;
    hub->sigint = (struct gruvi__signal_listener){
        .wanted = gruvi__signal_bit(SIGINT),
        .keeps_mask = true,
        .fn = on_sigint,
    };
    hub->sigint_open = gruvi__signals_listen(hub, &hub->sigint) == 0;
    if (!hub->sigint_open)
        gruvi_warning("cannot listen for SIGINT; it ends the process");
}

void
gruvi__sigint_unlisten(gruvi_hub_t *hub)
{
    if (!hub->listens)
        return;
    if (hub->sigint_open)
        gruvi__signals_unlisten(hub, &hub->sigint);
    hub->listens = hub->sigint_open = false;
    gruvi__atomic_store(&listener, NULL, __ATOMIC_RELEASE);
}

bool
gruvi_hub_ignore_interrupt(const gruvi_hub_t *hub)
{
    return hub->ignore_interrupt;
}

void
gruvi_hub_set_ignore_interrupt(gruvi_hub_t *hub, bool ignore)
{
    hub->ignore_interrupt = ignore;
}
