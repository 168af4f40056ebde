/* SPDX-License-Identifier: MIT */
/* Those that wait for what the system has besides sockets. */
#include <signal.h>

#include "unit/waits.h"

/* --- signals ----------------------------------------------------------------
 */

/* Unheard, SIGWINCH does nothing. */
#define SIGNUM SIGWINCH

void
open_signal(struct scene *scene)
{
    const int signum = SIGNUM;

    ck_assert_int_eq(gruvi_signal_open(&scene->signal, &signum, 1), 0);
    ck_assert_int_eq(uv_signal_init(gruvi_hub_loop(scene->hub), &scene->raised),
                     0);
    scene->raised.data = scene;
}

int
call_signal_wait(struct scene *scene, double timeout)
{
    (void)scene;
    return gruvi_signal_wait(SIGNUM, timeout);
}

int
call_signal_next(struct scene *scene, double timeout)
{
    return gruvi_signal_next(scene->signal, timeout);
}

/* Both handles are called from one turn of the loop. */
static void
on_raised(uv_signal_t *handle, int signum)
{
    (void)signum;
    call_before(handle->data);
    call_after(handle->data);
}

void
grant_signal(struct scene *scene)
{
    ck_assert_int_eq(uv_signal_start(&scene->raised, on_raised, SIGNUM), 0);
    raise(SIGNUM);
}

void
close_signal(struct scene *scene)
{
    gruvi_signal_close(scene->signal);
    if (gruvi_hub_loop(scene->hub) != NULL)
        ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&scene->raised), 0);
}
