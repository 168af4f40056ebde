/* SPDX-License-Identifier: MIT */
/* Switchpoints of signals and processes. */
#include <signal.h>
#include <sys/wait.h>

#include "unit/scenes.h"

/* --- signals ----------------------------------------------------------------
 */

/* Unheard, SIGWINCH does nothing. */
#define SIGNUM SIGWINCH

static void
open_signal(struct scene *scene)
{
    const int signum = SIGNUM;

    ck_assert_int_eq(gruvi_signal_open(&scene->signal, &signum, 1), 0);
    ck_assert_int_eq(uv_signal_init(gruvi_hub_loop(scene->hub), &scene->raised),
                     0);
    scene->raised.data = scene;
}

SCENE_CALL(call_signal_wait)
{
    return gruvi_signal_wait(SIGNUM, timeout);
}

SCENE_CALL(call_signal_next)
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

static void
grant_signal(struct scene *scene)
{
    ck_assert_int_eq(uv_signal_start(&scene->raised, on_raised, SIGNUM), 0);
    raise(SIGNUM);
}

static void
close_signal(struct scene *scene)
{
    gruvi_signal_close(scene->signal);
    if (gruvi_hub_loop(scene->hub) != NULL)
        ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&scene->raised), 0);
}

/* --- processes --------------------------------------------------------------
 */

static char *sleeping[] = {"sleep", "1000", NULL}, *brief[] = {"true", NULL};

static void
begin_process(struct scene *scene, char **args)
{
    gruvi_process_options_t options = {.args = args};

    ck_assert_int_eq(gruvi_process_spawn(&scene->process, &options), 0);
    ck_assert_int_eq(uv_check_init(gruvi_hub_loop(scene->hub), &scene->checked),
                     0);
    scene->checked.data = scene;
}

static void
open_process(struct scene *scene)
{
    begin_process(scene, sleeping);
}

static void
open_brief_process(struct scene *scene)
{
    begin_process(scene, brief);
}

SCENE_CALL(call_process_wait)
{
    return gruvi_process_wait(scene->process, NULL, NULL, timeout);
}

SCENE_CALL(call_communicate)
{
    return gruvi_process_communicate(scene->process, NULL, 0, NULL, NULL,
                                     timeout);
}

SCENE_CALL(call_spawn)
{
    gruvi_process_options_t options = {.args = brief};
    gruvi_process_t *process = (void *)scene;
    int err = gruvi_process_spawn(&process, &options);

    ck_assert_int_eq(process != NULL, err == 0);
    if (err == 0)
        ck_assert_int_eq(gruvi_process_wait(process, NULL, NULL, GRUVI_FOREVER),
                         0);
    gruvi_process_close(process);
    return err;
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

static void
grant_process(struct scene *scene)
{
    ck_assert_int_eq(uv_check_start(&scene->checked, on_polled), 0);
    ck_assert_int_eq(gruvi_process_kill(scene->process, SIGKILL), 0);
}

/* One that its hub has let go of is ended and reaped here. */
static void
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

const struct scene_row os_scenes[] = {
    {"gruvi_signal_wait", "signal",
     SCENE_WAITS | SCENE_GRANTED | SCENE_TIMED | SCENE_ALLOCATES, 0,
     open_signal, call_signal_wait, grant_signal, close_signal},
    {"gruvi_signal_next", "signal", SCENE_TIMED_WAIT, SIGNUM, open_signal,
     call_signal_next, grant_signal, close_signal},
    {"gruvi_process_spawn", NULL, SCENE_READY | SCENE_ALLOCATES, 0,
     open_nothing, call_spawn, NULL, open_nothing},
    {"gruvi_process_wait", "process", SCENE_TIMED_WAIT | SCENE_PIDFD, 0,
     open_process, call_process_wait, grant_process, close_process},
    {"gruvi_process_communicate", NULL, SCENE_READY | SCENE_PIDFD, 0,
     open_brief_process, call_communicate, NULL, close_process},
    {0},
};
