/* SPDX-License-Identifier: MIT */
/* Switchpoints of fibers, the hub and its loop. */
#include "unit/scenes.h"

#include <unistd.h>

SCENE_CALL(call_sleep)
{
    return gruvi_sleep(timeout);
}

/* --- hub_switch, hub_close --------------------------------------------------
 */

/* With a timeout of 0 it is called where it is refused: in callbacks there are
 * no switch backs. */
SCENE_CALL(call_hub_switch)
{
    void *value = scene;
    int err = 0;

    if (timeout == 0)
        return gruvi_hub_switch(scene->hub, NULL);
    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        scene->sb = &sb;
        err = gruvi_hub_switch(scene->hub, &value);
        scene->sb = NULL;
    }
    ck_assert_ptr_eq(value, err == 0 ? &scene->sb : NULL);
    return err;
}

static void
grant_hub_switch(struct scene *scene)
{
    call_before(scene);
    gruvi_switch_back_switch(scene->sb, &scene->sb);
    call_after(scene);
}

SCENE_CALL(call_hub_close)
{
    return gruvi_hub_close(scene->hub);
}

/* --- join and group_join: what they wait for ends by itself ----------------
 */

static int
run_after(void *arg)
{
    call_after(arg);
    return 0;
}

static int
run_target(void *arg)
{
    struct scene *scene = arg;
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        scene->sb = &sb;
        err = gruvi_hub_switch(scene->hub, NULL);
    }
    if (err < 0)
        return err;
    call_before(scene);
    return 0;
}

/*
 * The target runs, calls before, ends: that grants.  Started behind it in the
 * same turn, so ahead of whoever joined, is a fiber that calls after.
 */
static void
grant_by_ending(struct scene *scene)
{
    gruvi_switch_back_switch(scene->sb, NULL);
    gruvi_fiber_unref(spawn(run_after, scene));
}

static void
open_join(struct scene *scene)
{
    scene->target = spawn(run_target, scene);
    turns(1);
}

SCENE_CALL(call_join)
{
    return gruvi_fiber_join(scene->target, timeout);
}

static void
close_join(struct scene *scene)
{
    gruvi_fiber_cancel(scene->target, NULL);
    if (gruvi_hub_loop(scene->hub) != NULL)
        finish(scene->target);
    else
        gruvi_fiber_unref(scene->target);
}

static void
open_group(struct scene *scene)
{
    ck_assert_int_eq(gruvi_group_init(&scene->group, "scene"), 0);
    scene->target = gruvi_group_spawn(&scene->group, run_target, scene);
    ck_assert_ptr_nonnull(scene->target);
    turns(1);
}

SCENE_CALL(call_group)
{
    return gruvi_group_join(&scene->group, timeout);
}

static void
close_group(struct scene *scene)
{
    close_join(scene);
    gruvi_group_destroy(&scene->group);
}

SCENE_CALL(call_group_call)
{
    return gruvi_group_call(NULL, end_at_once, NULL, NULL);
}

/* --- wait_fd, uv_close ------------------------------------------------------
 */

static void
open_fd(struct scene *scene)
{
    ck_assert_int_eq(pipe(scene->fds), 0);
}

SCENE_CALL(call_fd)
{
    return gruvi_wait_fd(scene->fds[0], UV_READABLE, timeout);
}

static void
grant_fd(struct scene *scene)
{
    watch_grant(scene, scene->fds[0], UV_READABLE);
    ck_assert_int_eq(write(scene->fds[1], "x", 1), 1);
}

static void
close_fd(struct scene *scene)
{
    close(scene->fds[0]);
    close(scene->fds[1]);
}

static void
open_handle(struct scene *scene)
{
    uv_loop_t *loop = gruvi_hub_loop(scene->hub);

    ck_assert_int_eq(uv_idle_init(loop, &scene->handle), 0);
}

SCENE_CALL(call_uv_close)
{
    uv_handle_t *handle = (uv_handle_t *)&scene->handle;
    int err = gruvi_uv_close(handle);

    if (err < 0)
        ck_assert(!uv_is_closing(handle));
    return err;
}

const struct scene_row core_scenes[] = {
    {"gruvi_sleep", "timer", SCENE_WAITS, 0, open_nothing, call_sleep, NULL,
     open_nothing},
    {"gruvi_hub_switch", "switch back", SCENE_WAITS | SCENE_GRANTED, 0,
     open_nothing, call_hub_switch, grant_hub_switch, open_nothing},
    {"gruvi_hub_close", NULL, SCENE_READY, 0, open_nothing, call_hub_close,
     NULL, open_nothing},
    {"gruvi_fiber_join", "join", SCENE_TIMED_WAIT | SCENE_FOR_FIBER, 0,
     open_join, call_join, grant_by_ending, close_join},
    {"gruvi_group_join", "join", SCENE_TIMED_WAIT | SCENE_FOR_FIBER, 0,
     open_group, call_group, grant_by_ending, close_group},
    {"gruvi_group_call", NULL, SCENE_READY, 0, open_nothing, call_group_call,
     NULL, open_nothing},
    {"gruvi_wait_fd", "descriptor", SCENE_TIMED_WAIT | SCENE_ALLOCATES,
     UV_READABLE, open_fd, call_fd, grant_fd, close_fd},
    {"gruvi_uv_close", NULL, SCENE_READY, 0, open_handle, call_uv_close, NULL,
     open_nothing},
    {0},
};
