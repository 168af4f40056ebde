/* SPDX-License-Identifier: MIT */
/* Those that wait for what the system has besides sockets. */
#include <signal.h>
#include <sys/wait.h>

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

/* --- processes --------------------------------------------------------------
 */

void
open_process(struct scene *scene)
{
    static char *args[] = {"sleep", "1000", NULL};
    gruvi_process_options_t options = {.args = args};

    ck_assert_int_eq(gruvi_process_spawn(&scene->process, &options), 0);
    ck_assert_int_eq(uv_check_init(gruvi_hub_loop(scene->hub), &scene->checked),
                     0);
    scene->checked.data = scene;
}

int
call_process_wait(struct scene *scene, double timeout)
{
    return gruvi_process_wait(scene->process, NULL, NULL, timeout);
}

/* After each poll of the loop, before any fiber runs. */
static void
on_polled(uv_check_t *handle)
{
    struct scene *scene = handle->data;

    if (gruvi_process_kill(scene->process, 0) != UV_ESRCH)
        return;
    uv_check_stop(handle);
    call_before(scene);
    call_after(scene);
}

void
grant_process(struct scene *scene)
{
    ck_assert_int_eq(uv_check_start(&scene->checked, on_polled), 0);
    ck_assert_int_eq(gruvi_process_kill(scene->process, SIGKILL), 0);
}

/* One that its hub has let go of is ended and reaped here. */
void
close_process(struct scene *scene)
{
    pid_t pid = gruvi_process_pid(scene->process);
    bool ended = gruvi_process_kill(scene->process, SIGKILL) == UV_ESRCH;

    if (gruvi_hub_loop(scene->hub) != NULL) {
        if (!ended)
            ck_assert_int_eq(
                gruvi_process_wait(scene->process, NULL, NULL, GRUVI_FOREVER),
                0);
        ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&scene->checked), 0);
    } else {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    gruvi_process_close(scene->process);
}
