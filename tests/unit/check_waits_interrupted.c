/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and every switchpoint that waits, called by the root fiber of the
 * main thread.  In children, so nothing may have begun a thread before: the
 * pools are not touched here.
 */
#include <signal.h>
#include <unistd.h>

#include "unit/scenes.h"

static int
raise_sigint(void *arg)
{
    (void)arg;
    kill(getpid(), SIGINT);
    return 0;
}

static void
be_interrupted(void *arg)
{
    struct scene scene;
    gruvi_fiber_t *fiber;
    gruvi_hub_t *hub;

    signal(SIGINT, SIG_DFL);
    hub = gruvi_get_hub();
    open_scene(&scene, hub, scene_row(SCENE_WAITS, *(int *)arg));
    fiber = spawn(raise_sigint, NULL);
    ck_assert_int_eq(scene.row->call(&scene, GRUVI_FOREVER), UV_EINTR);
    finish(fiber);
    close_scene(&scene);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

START_TEST(test_sigint_ends_a_wait_of_the_root_fiber)
{
    ck_assert_int_eq(in_child(be_interrupted, &_i, NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("waits interrupted");
    TCase *tc = tcase_create("every switchpoint");

    tcase_add_loop_test(tc, test_sigint_ends_a_wait_of_the_root_fiber, 0,
                        scene_count(SCENE_WAITS));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
