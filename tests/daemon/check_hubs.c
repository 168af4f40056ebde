/* SPDX-License-Identifier: MIT */
/* Several hubs: where plugins live and start, and who serves. */
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"

/* ThreadSanitizer keeps megabytes for each fiber, and has a thread of its own.
 */
#if defined(__SANITIZE_THREAD__)
#define CROWD        60
#define TOOL_THREADS 1
#else
#define CROWD        400
#define TOOL_THREADS 0
#endif

static const char *
position(const struct gruvid *g, const char *text)
{
    const char *at = strstr(g->log, text);

    ck_assert_msg(at != NULL, "not said: \"%s\"; the log:\n%s", text, g->log);
    return at;
}

static void
said_before(const struct gruvid *g, const char *first, const char *second)
{
    ck_assert(position(g, first) < position(g, second));
}

/* --- serving -------------------------------------------------------------- */

START_TEST(test_both_hubs_serve_each_in_its_thread)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SPREAD, NULL);
    struct place places[CROWD];
    int n[3] = {0}, thread[3] = {0};
    char text[32];

    for (int i = 0; i < CROWD; i++) {
        places[i] = connect_place(g);
        ck_assert_int_le(places[i].hub, 2);
        n[places[i].hub]++;
        if (thread[places[i].hub] == 0)
            thread[places[i].hub] = places[i].thread;
        ck_assert_int_eq(places[i].thread, thread[places[i].hub]);
    }
    ck_assert_int_gt(n[1], 0);
    ck_assert_int_gt(n[2], 0);
    ck_assert_int_ne(thread[1], thread[2]);
    ck_assert_int_eq(thread[1], g->pid);
    for (int i = 0; i < CROWD; i++) {
        snprintf(text, sizeof text, "%d\n", i);
        echo_place(&places[i], text);
        close(places[i].fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    snprintf(text, sizeof text, "%d connections, 0 gone, 0", CROWD);
    gruvid_says(g, text);
    gruvid_says(g, "in 2 hubs\n");
    ck_assert_uint_eq(gruvid_said(g, "listening on"), 1);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

START_TEST(test_the_echo_plugin_echoes_in_two_hubs)
{
    char plugins[300], text[32];
    struct gruvid_options options = {
        .args = (const char *[]){"-o", plugins, NULL},
    };
    struct gruvid *g;
    int fds[CROWD];

    snprintf(plugins, sizeof plugins, "gruvid.plugin_dir=%s/plugins/.libs",
             getenv("top_builddir"));
    g = gruvid_ready(HUBS(2) "[plugin echo]\nlisten = tcp://127.0.0.1:0\n",
                     &options);
    for (int i = 0; i < CROWD; i++) {
        fds[i] = connect_to(g, 0);
        snprintf(text, sizeof text, "hello %d\n", i);
        send_text(fds[i], text);
    }
    for (int i = 0; i < CROWD; i++) {
        snprintf(text, sizeof text, "hello %d\n", i);
        expect_text(fds[i], text);
        close(fds[i]);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    snprintf(text, sizeof text, "%d connections, 0 gone, 0", CROWD);
    gruvid_says(g, text);
}
END_TEST

/* --- homes ---------------------------------------------------------------- */

/* The port of a plugin, whose lines come from this hub. */
static int
port_of(struct gruvid *g, const char *origin)
{
    return atoi(gruvid_says(g, origin));
}

START_TEST(test_a_plugin_without_multi_hub_stays_in_its_home)
{
#define HOME "module = trial\nserve = thread\nlisten = tcp://127.0.0.1:0\n"
    struct gruvid *g =
        gruvid_ready(HUBS(2) "[plugin a]\n" HOME "[plugin b]\n" HOME
                             "[plugin c]\n" HOME SPREAD "[plugin d]\n" HOME,
                     NULL);
    static const char *const origins[] = {
        "hub 1 a[accept]: listening on tcp://127.0.0.1:",
        "hub 2 b[accept]: listening on tcp://127.0.0.1:",
        "hub 1 c[accept]: listening on tcp://127.0.0.1:",
        "hub 2 d[accept]: listening on tcp://127.0.0.1:"};
    char thread[4][10], again[10];

    for (unsigned i = 0; i < 4; i++) {
        int port = port_of(g, origins[i]);

        for (unsigned tries = 0; tries < 20; tries++) {
            int fd = connect_port(port);

            ck_assert_int_eq(recv(fd, again, 9, MSG_WAITALL), 9);
            again[9] = '\0';
            close(fd);
            if (tries == 0)
                strcpy(thread[i], again);
            ck_assert_str_eq(again, thread[i]);
        }
    }
    ck_assert_int_eq(atoi(thread[0]), g->pid);
    ck_assert_str_ne(thread[0], thread[1]);
    ck_assert_str_eq(thread[0], thread[2]);
    ck_assert_str_eq(thread[1], thread[3]);
    position(g, "hub 1 a[start]: start of a");
    position(g, "hub 2 b[start]: start of b");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    position(g, "hub 2 d[stop]: stop of d");
    position(g, "hub 1 c[stop]: stop of c");
    position(g, "hub 2 b[stop]: stop of b; 0 fibers left");
    said_before(g, "stop of d", "stop of c");
    said_before(g, "stop of c", "stop of b");
    said_before(g, "stop of b", "stop of a");
    gruvid_says_times(g, "20 connections, 0 gone, 0 failed, 0 cut", 4);
}
END_TEST

START_TEST(test_per_hub_starts_and_stops_once_in_each_in_order)
{
    struct gruvid *g = gruvid_ready(HUBS(3) SPREAD, NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "]: start "), 3);
    ck_assert_uint_eq(gruvid_said(g, "]: stop "), 3);
    said_before(g, "hub 1 spread[start]: start 1 in",
                "hub 2 spread[start]: start 2 in");
    said_before(g, "hub 2 spread[start]: start 2 in",
                "hub 3 spread[start]: start 3 in");
    said_before(g, "hub 3 spread[stop]: stop 3 in",
                "hub 2 spread[stop]: stop 2 in");
    said_before(g, "hub 2 spread[stop]: stop 2 in",
                "hub 1 spread[stop]: stop 1 in");
    ck_assert_uint_eq(gruvid_said(g, "; 0 fibers left"), 3);
}
END_TEST

START_TEST(test_a_start_that_one_hub_refuses_is_undone_in_the_others)
{
    struct gruvid *g =
        gruvid_run(HUBS(3) "[plugin trial]\n" SPREAD "refuse = 2\n", NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "plugin spread refused to start in hub 2: permission denied "
                   "(EACCES)");
    gruvid_says(g, "hub 1 spread[stop]: stop 1 in");
    ck_assert_uint_eq(gruvid_said(g, "spread[stop]: stop "), 1);
    ck_assert_uint_eq(gruvid_said(g, "start 3 in"), 0);
    gruvid_says(g, "stop of trial");
}
END_TEST

START_TEST(test_a_start_that_takes_too_long_in_one_hub_is_undone)
{
    struct gruvid *g = gruvid_run(HUBS(2) SPREAD "hang = 2\n"
                                                 "start_timeout = 100ms\n",
                                  NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "plugin spread did not start in hub 2 within 0.1 seconds");
    gruvid_says(g, "stop 1 in");
}
END_TEST

START_TEST(test_a_stop_during_the_start_in_another_hub_ends_it)
{
    struct gruvid *g = gruvid_begin(HUBS(2) SPREAD "hang = 2\n", NULL);

    gruvid_says(g, "start 2 in");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "stop 1 in");
    ck_assert_uint_eq(gruvid_said(g, "stop 2 in"), 0);
}
END_TEST

/* --- threads -------------------------------------------------------------- */

/* How many threads it has with a name that begins so. */
static unsigned
count_threads(const struct gruvid *g, const char *name)
{
    char path[300];
    struct dirent *entry;
    unsigned n = 0;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/task", g->pid);
    dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/comm", g->pid,
                 entry->d_name);
        if (entry->d_name[0] != '.' &&
            strncmp(read_text(path), name, strlen(name)) == 0)
            n++;
    }
    closedir(dir);
    return n;
}

START_TEST(test_hubs_are_threads_with_names_that_block_no_signal)
{
    struct gruvid *g = gruvid_ready(HUBS(3) SPREAD, NULL);
    char path[64];

    ck_assert_uint_eq(count_threads(g, "gruvid-hub-"), 2);
    ck_assert_uint_eq(count_threads(g, "gruvid-hub-2\n"), 1);
    for (int hub = 2; hub <= 3; hub++) {
        struct place place = connect_hub(g, hub);
        const char *blocked;

        snprintf(path, sizeof path, "/proc/%d/task/%d/status", g->pid,
                 place.thread);
        blocked = strstr(read_text(path), "SigBlk:\t");
        ck_assert_ptr_nonnull(blocked);
        /* For programs that code there starts: they inherit it. */
        ck_assert_msg(strtoull(blocked + 8, NULL, 16) == 0, "%.24s", blocked);
        close(place.fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_stack_size_is_that_of_fibers_of_every_hub)
{
    struct gruvid *g = gruvid_ready(
        HUBS(2) "[fibers]\nstack_size = 2M\n" SECOND "fiber = deep\n", NULL);

    gruvid_says(g, "hub 2 trial[worker]: back from the depth: 1");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_fiber_of_another_hub_that_overflows_its_stack_is_named)
{
    const char *flags = getenv("SANITIZER_FLAGS");
    struct gruvid *g;

    if ((flags != NULL && flags[0] != '\0') || getenv("GRUVID_UNDER") != NULL) {
        printf("skipped: overflows are reported by somebody else here\n");
        return;
    }
    g = gruvid_run(HUBS(2) SECOND "fiber = deep\n", NULL);
    ck_assert_int_eq(g->status, 128 + SIGSEGV);
    gruvid_says(g, "worker");
    gruvid_says(g, "stack");
}
END_TEST

/* The first hub's, and those that have a name. */
static unsigned
count_known(struct gruvid *g)
{
    return 1 + TOOL_THREADS + count_threads(g, "gruvid-log") +
           count_threads(g, "gruvid-watch");
}

START_TEST(test_one_hub_has_no_thread_and_no_name)
{
    struct gruvid *g = gruvid_ready(HUBS(1) SPREAD, NULL);
    struct place place = connect_place(g);

    ck_assert_uint_eq(count_threads(g, "gruvid-hub-"), 0);
    if (getenv("GRUVID_UNDER") == NULL) {
        /* A thread has gruvid's name until it gives itself its own. */
        while (count_threads(g, "") > count_known(g))
            usleep(1000);
        ck_assert_uint_eq(count_threads(g, ""), count_known(g));
    }
    ck_assert_int_eq(place.thread, g->pid);
    close(place.fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "hub 1"), 0);
}
END_TEST

START_TEST(test_auto_makes_as_many_hubs_as_there_are_cores)
{
    struct gruvid *g = gruvid_ready(HUBS(auto) SPREAD, NULL);
    cpu_set_t cores;
    int n;

    ck_assert_int_eq(sched_getaffinity(0, sizeof cores, &cores), 0);
    n = CPU_COUNT(&cores);
    ck_assert_uint_eq(count_threads(g, "gruvid-hub-"),
                      (unsigned)(n < 256 ? n - 1 : 255));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_all_hubs_become_the_user)
{
    struct place place;
    struct gruvid *g;
    char path[64];

    if (geteuid() != 0) {
        printf("skipped: only root can become somebody else\n");
        return;
    }
    g = gruvid_ready(HUBS(2) "user = nobody\n" SPREAD, NULL);
    place = connect_hub(g, 2);
    snprintf(path, sizeof path, "/proc/%d/task/%d/status", g->pid,
             place.thread);
    ck_assert_ptr_nonnull(
        strstr(read_text(path), "Uid:\t65534\t65534\t65534\t65534\n"));
    ck_assert_ptr_nonnull(
        strstr(read_text(path), "CapEff:\t0000000000000000\n"));
    close(place.fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_json_has_the_hub)
{
    struct gruvid *g =
        gruvid_begin(HUBS(2) "[log]\nformat = json\n" SPREAD, NULL);

    gruvid_says(g, "\"hub\":\"hub 2\",\"plugin\":\"spread\"");
    gruvid_says(g, "\"message\":\"ready\"");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static void
add_threads(TCase *tc)
{
    tcase_add_test(tc, test_hubs_are_threads_with_names_that_block_no_signal);
    tcase_add_test(tc, test_stack_size_is_that_of_fibers_of_every_hub);
    tcase_add_test(
        tc, test_a_fiber_of_another_hub_that_overflows_its_stack_is_named);
    tcase_add_test(tc, test_one_hub_has_no_thread_and_no_name);
    tcase_add_test(tc, test_auto_makes_as_many_hubs_as_there_are_cores);
    tcase_add_test(tc, test_all_hubs_become_the_user);
    tcase_add_test(tc, test_json_has_the_hub);
}

int
main(void)
{
    Suite *suite = suite_create("hubs");
    TCase *tc = gruvid_case(suite, "serving");

    tcase_add_test(tc, test_both_hubs_serve_each_in_its_thread);
    tcase_add_test(tc, test_the_echo_plugin_echoes_in_two_hubs);
    tc = gruvid_case(suite, "homes");
    tcase_add_test(tc, test_a_plugin_without_multi_hub_stays_in_its_home);
    tcase_add_test(tc, test_per_hub_starts_and_stops_once_in_each_in_order);
    tcase_add_test(tc,
                   test_a_start_that_one_hub_refuses_is_undone_in_the_others);
    tcase_add_test(tc, test_a_start_that_takes_too_long_in_one_hub_is_undone);
    tcase_add_test(tc, test_a_stop_during_the_start_in_another_hub_ends_it);
    add_threads(gruvid_case(suite, "threads"));
    return run_suite(suite);
}
