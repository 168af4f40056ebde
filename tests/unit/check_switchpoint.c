/* SPDX-License-Identifier: MIT */
/*
 * No-switch sections, and every switchpoint of the library where it may not be
 * called: in a section, in a callback of the hub, in one of libuv.
 */
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/scenes.h"

/* Whether switchpoints are refused here; tells it to nobody. */
static bool
in_section(void)
{
    int before = assertions(), err = gruvi_sleep(0);

    ck_assert_int_eq(err, assertions() > before ? UV_EPERM : 0);
    return err < 0;
}

/* --- sections --------------------------------------------------------------
 */

HUB_TEST(test_a_section_refuses_switchpoints_until_its_end)
{
    catch_assertions();
    ck_assert(!in_section());
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert(in_section());
        ck_assert(in_section());
    }
    ck_assert(!in_section());
}

HUB_TEST(test_sections_nest)
{
    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        GRUVI_ASSERT_NO_SWITCHPOINTS {
            GRUVI_ASSERT_NO_SWITCHPOINTS {
                ck_assert(in_section());
            }
            ck_assert(in_section());
        }
        ck_assert(in_section());
    }
    ck_assert(!in_section());
}

/* The macro in a macro's expansion and twice in a line must not collide. */
#define TWICE(a)                                                               \
    GRUVI_ASSERT_NO_SWITCHPOINTS {                                             \
        GRUVI_ASSERT_NO_SWITCHPOINTS {                                         \
            a;                                                                 \
        }                                                                      \
    }

HUB_TEST(test_sections_nest_in_one_line)
{
    bool inside = false;

    catch_assertions();
    TWICE(inside = in_section())
    ck_assert(inside);
    ck_assert(!in_section());
}

static int
leave_by_return(void)
{
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        GRUVI_ASSERT_NO_SWITCHPOINTS {
            return in_section();
        }
    }
    return -1;
}

HUB_TEST(test_a_section_ends_by_return)
{
    catch_assertions();
    ck_assert_int_eq(leave_by_return(), true);
    ck_assert(!in_section());
}

HUB_TEST(test_a_section_ends_by_goto)
{
    bool inside = false;

    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        inside = in_section();
        goto out;
    }
    ck_abort();
out:
    ck_assert(inside);
    ck_assert(!in_section());
}

HUB_TEST(test_break_and_continue_leave_the_section_only)
{
    int rounds = 0;

    catch_assertions();
    for (; rounds < 3; rounds++) {
        GRUVI_ASSERT_NO_SWITCHPOINTS {
            ck_assert(in_section());
            break;
        }
        ck_assert(!in_section());
        GRUVI_ASSERT_NO_SWITCHPOINTS {
            ck_assert(in_section());
            continue;
        }
        ck_assert(!in_section());
    }
    ck_assert_int_eq(rounds, 3);
}

HUB_TEST(test_leaving_an_inner_section_by_goto_keeps_the_outer)
{
    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        GRUVI_ASSERT_NO_SWITCHPOINTS {
            goto out;
        }
        ck_abort();
    out:
        ck_assert(in_section());
    }
    ck_assert(!in_section());
}

static int
leave_section_and_end(void *arg)
{
    (void)arg;
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        return in_section() ? 1 : -1;
    }
    return -1;
}

HUB_TEST(test_a_fiber_that_ends_in_a_section_leaves_none_behind)
{
    catch_assertions();
    ck_assert_int_eq(finish(spawn(leave_section_and_end, NULL)), 1);
    ck_assert(!in_section());
}

static void
sleep_in_other_thread(void *arg)
{
    (void)arg;
    ck_assert(!in_section());
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_a_section_counts_for_its_thread_only)
{
    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        in_thread(sleep_in_other_thread, NULL);
        ck_assert_int_eq(assertions(), 0);
        ck_assert(in_section());
    }
}

THREAD_TEST(test_a_section_needs_no_hub)
{
    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert(in_section());
    }
    ck_assert(!in_section());
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

/* --- what it says -----------------------------------------------------------
 */

static int
be_named(void *arg)
{
    int line = __LINE__ + 1;
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert_int_eq(gruvi_fiber_join(arg, 0), UV_EPERM);
    }
    return line;
}

HUB_TEST(test_the_message_names_switchpoint_fiber_file_and_line)
{
    gruvi_fiber_options_t options = {.name = "teller"};
    gruvi_fiber_t *fiber;
    char where[64];

    catch_assertions();
    fiber = gruvi_spawn_ex(be_named, gruvi_current_fiber(), &options);
    snprintf(where, sizeof where, "check_switchpoint.c:%d", finish(fiber));
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "gruvi_fiber_join"));
    ck_assert_ptr_nonnull(strstr(last_assertion(), "teller"));
    ck_assert_ptr_nonnull(strstr(last_assertion(), where));
}

/* It is entered at the innermost one that still holds. */
HUB_TEST(test_the_message_names_the_innermost_section)
{
    char where[64];

    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        snprintf(where, sizeof where, ":%d", __LINE__ + 1);
        GRUVI_ASSERT_NO_SWITCHPOINTS {
            gruvi_sleep(0);
        }
    }
    ck_assert_ptr_nonnull(strstr(last_assertion(), where));
    ck_assert_ptr_nonnull(strstr(last_assertion(), "Root"));
}

GRUVI_SWITCHPOINT static void
switchpoint_of_a_program(void)
{
    gruvi_switchpoint();
}

HUB_TEST(test_switchpoints_of_programs_assert_too)
{
    catch_assertions();
    switchpoint_of_a_program();
    ck_assert_int_eq(assertions(), 0);
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        switchpoint_of_a_program();
    }
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "switchpoint_of_a_program"));
}

static void
first_handler(const char *message)
{
    (void)message;
}

static void
second_handler(const char *message)
{
    (void)message;
}

START_TEST(test_setting_a_handler_returns_the_one_before)
{
    ck_assert(gruvi_set_assert_handler(first_handler) == NULL);
    ck_assert(gruvi_set_assert_handler(second_handler) == first_handler);
    ck_assert(gruvi_set_assert_handler(NULL) == second_handler);
    ck_assert(gruvi_set_assert_handler(NULL) == NULL);
}
END_TEST

/* --- the default handler ---------------------------------------------------
 */

static int
die_in_section(void *arg)
{
    struct rlimit none = {0, 0};

    (void)arg;
    setrlimit(RLIMIT_CORE, &none);
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        gruvi_sleep(1);
    }
    return 0;
}

static void
spawn_one_that_dies(void *arg)
{
    gruvi_fiber_options_t options = {.name = "doomed"};

    (void)arg;
    signal(SIGABRT, SIG_DFL);
    ck_assert_ptr_nonnull(gruvi_spawn_ex(die_in_section, NULL, &options));
    gruvi_sleep(1);
}

START_TEST(test_the_default_handler_says_why_and_aborts)
{
    char text[8192];
    int status = in_child(spawn_one_that_dies, NULL, text, sizeof text);

    ck_assert_msg(WIFSIGNALED(status), "status %x: %s", status, text);
    ck_assert_int_eq(WTERMSIG(status), SIGABRT);
    ck_assert_ptr_nonnull(strstr(text, "gruvi_sleep"));
    ck_assert_ptr_nonnull(strstr(text, "doomed"));
    ck_assert_ptr_nonnull(strstr(text, "check_switchpoint.c:"));
    /* The backtrace: lines after the message. */
    ck_assert_ptr_nonnull(strchr(strchr(text, '\n') + 1, '\n'));
}
END_TEST

/* --- every switchpoint ---------------------------------------------------- */

/* A fiber that is ready all the time: it runs as soon as anybody switches. */
static int runs;
static bool running;

static int
run_whenever_possible(void *arg)
{
    (void)arg;
    while (running) {
        runs++;
        gruvi_sleep(0);
    }
    return 0;
}

static void
refused(void *arg)
{
    struct scene *scene = arg;
    double timeout = scene->row->flags & SCENE_READY ? GRUVI_FOREVER : 0;
    const char *name = scene->row->name;
    gruvi_fiber_t *current = gruvi_current_fiber();
    int before = runs, asserted = assertions();
    int result = scene->row->call(scene, timeout);

    ck_assert_msg(result == UV_EPERM, "%s: %d", name, result);
    ck_assert_msg(assertions() == asserted + 1, "%s: %d assertions", name,
                  assertions() - asserted);
    ck_assert_msg(strstr(last_assertion(), name) != NULL, "%s",
                  last_assertion());
    ck_assert_int_eq(runs, before);
    ck_assert_ptr_eq(gruvi_current_fiber(), current);
    record("refused");
}

static void
refused_by_libuv(uv_timer_t *timer)
{
    refused(timer->data);
}

static void
refuse_everywhere(struct scene *scene)
{
    uv_timer_t timer;

    forget();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        refused(scene);
    }
    ck_assert_int_eq(gruvi_hub_run_callback(scene->hub, refused, scene), 0);
    turns(2);
    ck_assert_str_eq(recorded(), "refused refused");
    ck_assert_int_eq(uv_timer_init(gruvi_hub_loop(scene->hub), &timer), 0);
    timer.data = scene;
    ck_assert_int_eq(uv_timer_start(&timer, refused_by_libuv, 0, 0), 0);
    wait_until(strcmp(recorded(), "refused refused refused") == 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&timer), 0);
}

/* Also where it is ready, so that it would not wait at all.  What was refused
 * has taken nothing, and changed nothing. */
HUB_TEST(test_every_switchpoint_is_refused_where_no_switch_may_be)
{
    const struct scene_row *row = scene_row(0, i);
    gruvi_fiber_t *other;
    struct scene scene;

    catch_assertions();
    runs = 0;
    running = true;
    open_scene(&scene, hub, row);
    other = spawn(run_whenever_possible, NULL);
    turns(2);
    ck_assert_int_gt(runs, 0);
    refuse_everywhere(&scene);
    if (row->flags & SCENE_READY) {
        make_scene_ready(&scene);
        refuse_everywhere(&scene);
    }
    running = false;
    finish(other);
    if (row->flags & SCENE_READY)
        ck_assert_int_eq(row->call(&scene, GRUVI_FOREVER), row->granted);
    close_scene(&scene);
}

/* --- none is missing -------------------------------------------------------
 */

static bool
is_in_table(const char *name, size_t n)
{
    for (int i = 0; i < scene_count(0); i++)
        if (strlen(scene_row(0, i)->name) == n &&
            memcmp(scene_row(0, i)->name, name, n) == 0)
            return true;
    return false;
}

/* Looks for "GRUVI_SWITCHPOINT type gruvi_name(".  What is behind a macro is not
 * called by its name: the end of a block with a group has check_group_block. */
static int
check_header(const char *text)
{
    const char *mark = "GRUVI_API GRUVI_SWITCHPOINT ", *name;
    size_t n;
    int found = 0;

    for (; (text = strstr(text, mark)) != NULL; found++) {
        text += strlen(mark);
        name = strstr(text, "gruvi_");
        ck_assert_ptr_nonnull(name);
        n = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789");
        if (name[n] != '(' || strncmp(name, "gruvi__", 7) == 0)
            continue;
        ck_assert_msg(is_in_table(name, n), "%.*s is not tested here", (int)n,
                      name);
    }
    return found;
}

static int
check_header_file(const char *path)
{
    char text[65536];
    size_t n;
    FILE *file = fopen(path, "r");

    ck_assert_msg(file != NULL, "%s", path);
    n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    return check_header(text);
}

START_TEST(test_the_table_has_every_switchpoint_of_the_headers)
{
    glob_t headers;
    int found = 0;

    ck_assert_int_eq(glob(TOP_SRCDIR "/lib/gruvi/*.h", 0, NULL, &headers), 0);
    for (size_t i = 0; i < headers.gl_pathc; i++)
        found += check_header_file(headers.gl_pathv[i]);
    globfree(&headers);
    ck_assert_int_ge(found, 60);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("switchpoint");
    TCase *tc = tcase_create("sections");

    tcase_add_test(tc, test_a_section_refuses_switchpoints_until_its_end);
    tcase_add_test(tc, test_sections_nest);
    tcase_add_test(tc, test_sections_nest_in_one_line);
    tcase_add_test(tc, test_a_section_ends_by_return);
    tcase_add_test(tc, test_a_section_ends_by_goto);
    tcase_add_test(tc, test_break_and_continue_leave_the_section_only);
    tcase_add_test(tc, test_leaving_an_inner_section_by_goto_keeps_the_outer);
    tcase_add_test(tc, test_a_fiber_that_ends_in_a_section_leaves_none_behind);
    tcase_add_test(tc, test_a_section_counts_for_its_thread_only);
    tcase_add_test(tc, test_a_section_needs_no_hub);
    tcase_add_test(tc, test_the_message_names_switchpoint_fiber_file_and_line);
    tcase_add_test(tc, test_the_message_names_the_innermost_section);
    tcase_add_test(tc, test_switchpoints_of_programs_assert_too);
    suite_add_tcase(suite, tc);
    tc = tcase_create("handler");
    tcase_add_test(tc, test_setting_a_handler_returns_the_one_before);
    tcase_add_test(tc, test_the_default_handler_says_why_and_aborts);
    suite_add_tcase(suite, tc);
    tc = tcase_create("every switchpoint");
    tcase_add_loop_test(
        tc, test_every_switchpoint_is_refused_where_no_switch_may_be, 0,
        scene_count(0));
    tcase_add_test(tc, test_the_table_has_every_switchpoint_of_the_headers);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
