/* SPDX-License-Identifier: MIT */
/*
 * What a reload does to generations: reconfigure and its undo, handover, and
 * the end of a generation while gruvid goes on.
 *
 * The plugin is a descriptor of this program, in two hubs.  What is called is
 * recorded as words.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gruvid/plugin.h>

#include "daemon/config_fixture.h"
#include "hub/hubs.h"
#include "instance/instance.h"
#include "instance/shard.h"
#include "run/life.h"
#include "run/reconfigure.h"
#include "run/retire.h"
#include "support/suite.h"

#define PATIENCE 60.0

/* --- what was called, and what was logged ----------------------------------
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char record[1024], logged[8192];

static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
    va_list args;
    size_t n;

    pthread_mutex_lock(&lock);
    n = strlen(record);
    va_start(args, format);
    vsnprintf(record + n, sizeof record - n, format, args);
    va_end(args);
    pthread_mutex_unlock(&lock);
}

static void
expect_record(const char *words)
{
    pthread_mutex_lock(&lock);
    ck_assert_str_eq(record, words);
    record[0] = '\0';
    pthread_mutex_unlock(&lock);
}

static void
keep_line(const gruvi_log_record_t *line)
{
    size_t n;

    pthread_mutex_lock(&lock);
    n = strlen(logged);
    snprintf(logged + n, sizeof logged - n, "%s\n", line->message);
    pthread_mutex_unlock(&lock);
}

static bool
was_logged(const char *text)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = strstr(logged, text) != NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

static void
expect_logged(const char *text)
{
    ck_assert_msg(was_logged(text), "not logged: %s\nin:\n%s", text, logged);
}

/* --- the plugin ------------------------------------------------------------
 */

static const gruvid_option_t options[] = {
    {.name = "word", .type = GRUVID_STRING, .default_value = "none"},
    GRUVID_OPTIONS_END,
};

static int here, at_reconfigure[3]; /* results, by hub */
static bool hangs, is_stubborn;     /* the reconfigure of hub 2 */
static gruvi_event_t let_go;        /* of what is stubborn */
static int fd_given, taken;

static unsigned
hub_number(void)
{
    return gruvid__hub_self()->number;
}

static const char *
word(const gruvid_plugin_t *plugin)
{
    return gruvid_option_string(plugin, "word");
}

static int
wait_until_let_go(void *arg)
{
    (void)arg;
    GRUVI_SHIELD {
        gruvi_event_wait(&let_go, GRUVI_FOREVER);
    }
    return 0;
}

static int
start(gruvid_plugin_t *plugin)
{
    const char *text = gruvid_handover_get(plugin, "text", NULL);

    note("start%d:%s ", (int)gruvid_plugin_generation(plugin), word(plugin));
    if (text != NULL) {
        note("got:%s ", text);
        taken = gruvid_handover_take_fd(plugin, "fd");
    }
    if (strcmp(word(plugin), "stubborn") == 0)
        gruvi_go(wait_until_let_go, NULL);
    return 0;
}

static int
reconfigure(gruvid_plugin_t *plugin)
{
    unsigned hub = hub_number();

    note("%u:%s ", hub, word(plugin));
    if (hub == 2 && hangs)
        return gruvi_sleep(GRUVI_FOREVER);
    if (hub == 2 && is_stubborn)
        return wait_until_let_go(NULL);
    if (at_reconfigure[hub] < 0)
        gruvid_plugin_fail(plugin, "hub %u does not like %s", hub,
                           word(plugin));
    return at_reconfigure[hub];
}

static int
hand_over(gruvid_plugin_t *plugin)
{
    note("handover%d ", (int)gruvid_plugin_generation(plugin));
    ck_assert_int_eq(gruvid_handover_put(plugin, "text", "42", 2), 0);
    ck_assert_int_eq(gruvid_handover_put_fd(plugin, "fd", fd_given), 0);
    ck_assert_int_eq(gruvid_handover_put_fd(plugin, "other", fd_given), 0);
    return here;
}

static void
stop(gruvid_plugin_t *plugin)
{
    note("stop%d ", (int)gruvid_plugin_generation(plugin));
}

/* --- a small gruvid --------------------------------------------------------
 */

static struct gruvid__leader leader;
static struct gruvid__hubs hubs;
static struct gruvid__instances instances;
static struct gruvid__module module;

/* A section of the plugin with a word. */
static gruvid__section_t *
section_with(const char *value)
{
    gruvid__section_t *section;
    gruvid__config_t *loaded;
    char text[100];

    snprintf(text, sizeof text,
             "[plugin p]\nword = %s\nstart_timeout = 100ms\n", value);
    write_file(path, text, strlen(text));
    ck_assert_int_eq(gruvid__config_load(&loaded, path, NULL, 0), 0);
    section = gruvid__config_next_plugin(loaded, NULL);
    ck_assert_int_eq(
        gruvid__config_check_plugin(loaded, section, options, sizeof *options),
        0);
    return section;
}

static gruvid_plugin_t *
make(const char *value)
{
    gruvid__section_t *section = section_with(value);
    gruvid_plugin_t *made;

    ck_assert_int_eq(
        gruvid__instance_new(&made, &instances, section, &module, 0), 0);
    gruvid__section_drop(section);
    return made;
}

static void
begin(gruvid_plugin_t *made)
{
    ck_assert_int_eq(gruvid__plugin_bind(made), 0);
    ck_assert_int_eq(gruvid__plugin_start(made), 0);
    made->role = GRUVID__CURRENT;
    leader.serving = true;
}

static int
reconfigure_with(gruvid_plugin_t *instance, const char *value)
{
    gruvid__section_t *section = section_with(value);
    int err = gruvid__plugin_reconfigure(instance, section);

    gruvid__section_drop(section);
    return err;
}

static void
expect_words(gruvid_plugin_t *instance, const char *value)
{
    for (size_t i = 0; i < instance->n_shards; i++)
        ck_assert_str_eq(
            gruvid__section_string(instance->shards[i].options, "word"), value);
    ck_assert_str_eq(gruvid__section_string(instance->options, "word"), value);
    ck_assert_str_eq(gruvid__section_string(instance->section, "word"), value);
}

static size_t
count(void)
{
    return instances.n;
}

static void
await_count(size_t n)
{
    while (count() != n)
        ck_assert(gruvid__wait(&leader, gruvid__now() + PATIENCE));
}

static void
open_all(void)
{
    record[0] = logged[0] = '\0';
    hangs = is_stubborn = false;
    here = at_reconfigure[1] = at_reconfigure[2] = 0;
    gruvi_event_init(&let_go);
    gruvi_set_log_sink(keep_line);
    memset(&module, 0, sizeof module);
    module.descriptor = (gruvid_descriptor_t){
        .name = "p",
        .options = options,
        .start = start,
        .stop = stop,
        .multi_hub = true,
        .per_hub = true,
        .reconfigure = reconfigure,
        .handover = hand_over,
    };
    gruvid__leader_init(&leader, 0.1);
    hubs = (struct gruvid__hubs){.leader = &leader};
    ck_assert_ptr_nonnull(gruvi_get_hub());
    ck_assert_int_eq(gruvid__hubs_open(&hubs, 2), 0);
    gruvid__instances_init(&instances, &hubs);
}

static void
close_all(void)
{
    gruvi_event_set(&let_go);
    gruvid__ask_to_stop(&leader);
    for (size_t i = 0; i < instances.n; i++)
        if (instances.at[i]->role != GRUVID__OLD)
            gruvid__plugin_stop(instances.at[i]);
    gruvid__retire_end(&instances);
    for (size_t i = 0; i < instances.n; i++)
        gruvid__plugin_close(instances.at[i]);
    gruvid__hubs_close(&hubs);
    ck_assert(!leader.abandoned);
    gruvi_hub_close(gruvi_get_hub());
    gruvid__instances_free(&instances);
    gruvid__hubs_free(&hubs);
    gruvid__leader_destroy(&leader);
    gruvi_event_destroy(&let_go);
    gruvi_set_log_sink(NULL);
}

static void *
run_body(void *body)
{
    open_all();
    (*(void (**)(void))body)();
    close_all();
    return NULL;
}

/* In a thread of its own: the thread of a hub that is closed gets no other. */
#define GENERATION_TEST(name)                                                  \
    static void name##_body(void);                                             \
    START_TEST(name)                                                           \
    {                                                                          \
        void (*body)(void) = name##_body;                                      \
        pthread_t thread;                                                      \
                                                                               \
        ck_assert_int_eq(pthread_create(&thread, NULL, run_body, &body), 0);   \
        pthread_join(thread, NULL);                                            \
    }                                                                          \
    END_TEST                                                                   \
    static void name##_body(void)

/* --- reconfigure ------------------------------------------------------------
 */

GENERATION_TEST(test_with_per_hub_each_hub_takes_the_options_in_its_call)
{
    gruvid_plugin_t *one = make("old");
    const char *before;

    begin(one);
    expect_record("start1:old start1:old ");
    before = gruvid__section_string(one->section, "word");
    ck_assert_int_eq(reconfigure_with(one, "new"), 0);
    expect_record("1:new 2:new ");
    expect_words(one, "new");
    /* The plugin may still have it. */
    ck_assert_str_eq(before, "old");
}

GENERATION_TEST(test_without_per_hub_one_call_is_for_all_hubs)
{
    gruvid_plugin_t *one = make("old");

    module.descriptor.per_hub = false;
    begin(one);
    ck_assert_int_eq(reconfigure_with(one, "new"), 0);
    expect_record("start1:old 1:new ");
    expect_words(one, "new");
}

GENERATION_TEST(test_a_refusal_brings_the_old_options_back)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    expect_record("start1:old start1:old ");
    at_reconfigure[2] = UV_EINVAL;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_EINVAL);
    /* Hub 1 had taken them. */
    expect_record("1:new 2:new 1:old ");
    expect_words(one, "old");
    ck_assert(!one->inconsistent);
    expect_logged("plugin p: reconfigure failed: hub 2 does not like new "
                  "(EINVAL)");
}

GENERATION_TEST(test_a_single_refusal_changes_nothing)
{
    gruvid_plugin_t *one = make("old");

    module.descriptor.per_hub = false;
    begin(one);
    at_reconfigure[1] = UV_EACCES;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_EACCES);
    expect_record("start1:old 1:new ");
    expect_words(one, "old");
}

GENERATION_TEST(test_an_undo_calls_again_with_the_old_options)
{
    gruvid_plugin_t *one = make("old");
    gruvid__section_t *before = one->section;

    begin(one);
    ck_assert_int_eq(reconfigure_with(one, "new"), 0);
    expect_record("start1:old start1:old 1:new 2:new ");
    gruvid__ask_to_stop(&leader);
    gruvid__plugin_undo_reconfigure(one, before);
    expect_record("2:old 1:old ");
    expect_words(one, "old");
    ck_assert(!one->inconsistent);
}

GENERATION_TEST(test_an_undo_that_is_refused_marks_the_instance)
{
    gruvid_plugin_t *one = make("old");
    gruvid__section_t *before = one->section;

    begin(one);
    ck_assert_int_eq(reconfigure_with(one, "new"), 0);
    at_reconfigure[1] = UV_EIO;
    gruvid__plugin_undo_reconfigure(one, before);
    ck_assert(one->inconsistent);
    expect_words(one, "old");
    expect_logged("plugin p has not taken its old options again");
}

GENERATION_TEST(test_a_reconfigure_that_hangs_is_cancelled)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    hangs = true;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_ETIMEDOUT);
    expect_record("start1:old start1:old 1:new 2:new 1:old ");
    expect_words(one, "old");
    ck_assert(!one->inconsistent);
    expect_logged("did not return within 0.1 seconds (start_timeout)");
    hangs = false;
    ck_assert_int_eq(reconfigure_with(one, "newer"), 0);
    expect_words(one, "newer");
}

GENERATION_TEST(test_a_reconfigure_that_does_not_end_marks_the_instance)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    is_stubborn = true;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_ETIMEDOUT);
    ck_assert(one->inconsistent);
    expect_words(one, "old");
    /* It still runs there. */
    ck_assert_int_eq(reconfigure_with(one, "newer"), UV_EBUSY);
    expect_words(one, "old");
}

/* --- handover ---------------------------------------------------------------
 */

GENERATION_TEST(test_the_first_start_gets_what_was_handed_over)
{
    gruvid_plugin_t *one = make("old"), *two;
    int free_fd;

    begin(one);
    fd_given = open("/dev/null", O_RDONLY | O_CLOEXEC);
    free_fd = fcntl(fd_given, F_DUPFD, 0);
    close(free_fd);
    taken = -1;
    two = make("new");
    ck_assert_int_eq(gruvid__plugin_handover(one, two), 0);
    begin(two);
    expect_record("start1:old start1:old handover1 start2:new got:42 "
                  "start2:new ");
    /* What was not taken is closed. */
    ck_assert_int_eq(taken, free_fd);
    close(taken);
    ck_assert_int_eq(fcntl(fd_given, F_DUPFD, 0), free_fd);
    close(free_fd);
    close(fd_given);
    ck_assert_int_eq(gruvid_handover_put(one, "text", "x", 1), UV_EPERM);
    ck_assert_ptr_null(gruvid_handover_get(two, "text", NULL));
    ck_assert_int_eq(gruvid_handover_take_fd(two, "fd"), UV_ENOENT);
}

GENERATION_TEST(test_a_handover_that_fails_hands_nothing_over)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");

    begin(one);
    fd_given = 0;
    here = UV_EIO;
    ck_assert_int_eq(gruvid__plugin_handover(one, two), UV_EIO);
    ck_assert_ptr_null(two->received);
    begin(two);
    expect_record("start1:old start1:old handover1 start2:new start2:new ");
}

GENERATION_TEST(test_without_a_handover_there_is_nothing_to_do)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");

    module.descriptor.handover = NULL;
    begin(one);
    ck_assert_int_eq(gruvid__plugin_handover(one, two), 0);
    ck_assert_ptr_null(two->received);
}

/* --- the end of a generation ------------------------------------------------
 */

GENERATION_TEST(test_a_generation_is_retired_beside_the_next)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");
    const struct gruvid__line *line = one->line;

    begin(one);
    begin(two);
    expect_record("start1:old start1:old start2:new start2:new ");
    one->shards[1].accepted = 7;
    ck_assert(!gruvid_plugin_draining(one));
    gruvid__plugin_retire(one, gruvid__now() + PATIENCE, "there is a new one");
    await_count(1);
    expect_record("stop1 stop1 ");
    ck_assert(!gruvid_plugin_draining(two));
    ck_assert_uint_eq(gruvid__line_counts(&instances, line).accepted, 7);
    expect_logged("plugin p, generation 1 ends: there is a new one");
    expect_logged("plugin p, generation 1 has stopped");
}

GENERATION_TEST(test_what_does_not_end_is_named_and_waited_for)
{
    gruvid_plugin_t *one = make("stubborn");

    begin(one);
    expect_record("start1:stubborn start1:stubborn ");
    gruvid__plugin_retire(one, gruvid__now(), "it is not wanted");
    while (!was_logged("waits for event; still waited for"))
        gruvid__wait(&leader, gruvid__now() + 0.01);
    expect_logged("plugin p, generation 1: fiber ");
    ck_assert_uint_eq(count(), 1);
    expect_record("");
    gruvi_event_set(&let_go);
    ck_assert(
        gruvid__retire_wait(&instances, "p", 1, gruvid__now() + PATIENCE));
    expect_record("stop1 stop1 ");
}

GENERATION_TEST(test_a_generation_that_was_never_started_is_freed)
{
    gruvid_plugin_t *one = make("old");

    leader.serving = true;
    ck_assert_int_eq(gruvid__plugin_bind(one), 0);
    gruvid__plugin_retire(one, gruvid__now(), "the reload has failed");
    await_count(0);
    expect_record("");
}

GENERATION_TEST(test_without_a_fiber_it_is_tried_again)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    expect_record("start1:old start1:old ");
    gruvi_go(wait_until_let_go, NULL);
    gruvi_hub_set_max_fibers(gruvi_get_hub(), 1);
    gruvid__plugin_retire(one, gruvid__now(), "it is not wanted");
    ck_assert(gruvid_plugin_draining(one));
    ck_assert(gruvid__retire_again(&instances));
    gruvi_hub_set_max_fibers(gruvi_get_hub(), 0);
    ck_assert(!gruvid__retire_again(&instances));
    gruvi_event_set(&let_go);
    await_count(0);
    expect_record("stop1 stop1 ");
}

static int
wait_for_drain(void *arg)
{
    gruvid_plugin_t *instance = arg;

    return gruvi_event_wait(gruvid_plugin_drain_event(instance), PATIENCE);
}

GENERATION_TEST(test_the_drain_event_wakes_those_that_wait_for_it)
{
    gruvid_plugin_t *one = make("old");
    gruvi_fiber_t *fiber;

    begin(one);
    fiber = gruvi_spawn(wait_for_drain, one);
    gruvi_sleep(0);
    ck_assert(gruvi_fiber_alive(fiber));
    gruvid__plugin_drain(one);
    ck_assert_int_eq(gruvi_fiber_join(fiber, PATIENCE), 0);
    ck_assert_int_eq(gruvi_fiber_status(fiber), 0);
    gruvi_fiber_unref(fiber);
}

/* --- hubs that do not answer ------------------------------------------------
 */

static int keeps; /* atomic */

static void
keep_hub(void *arg)
{
    (void)arg;
    while (__atomic_load_n(&keeps, __ATOMIC_ACQUIRE))
        usleep(1000);
}

static int
count_call(void *arg)
{
    __atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
    return 7;
}

GENERATION_TEST(test_a_call_into_a_hub_that_does_not_answer_is_withdrawn)
{
    static int calls;
    struct gruvid__hub *second = &hubs.at[1];

    calls = 0;
    leader.serving = true;
    keeps = 1;
    ck_assert_int_eq(gruvi_hub_run_callback(second->hub, keep_hub, NULL), 0);
    ck_assert_int_eq(gruvid__hub_call(second, count_call, &calls, 0),
                     UV_ETIMEDOUT);
    ck_assert(!leader.abandoned);
    expect_logged("hub 2 does not answer");
    __atomic_store_n(&keeps, 0, __ATOMIC_RELEASE);
    ck_assert_int_eq(gruvid__hub_call(second, count_call, &calls, 0), 7);
    ck_assert_int_eq(calls, 1);
}

static int
call_often(void *arg)
{
    for (int n = 0; n < 50; n++)
        if (gruvid__hub_call(&hubs.at[1], count_call, arg, 0) != 7)
            return UV_EIO;
    return 0;
}

GENERATION_TEST(test_calls_of_several_fibers_wait_for_each_other)
{
    gruvi_fiber_t *fibers[4];
    int calls = 0;

    for (int i = 0; i < 4; i++)
        fibers[i] = gruvi_spawn(call_often, &calls);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(gruvi_fiber_join(fibers[i], PATIENCE), 0);
        ck_assert_int_eq(gruvi_fiber_status(fibers[i]), 0);
        gruvi_fiber_unref(fibers[i]);
    }
    ck_assert_int_eq(calls, 200);
}

int
main(void)
{
    Suite *suite = suite_create("generations");
    TCase *tc = tcase_create("reload");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_set_timeout(tc, PATIENCE);
    tcase_add_test(tc,
                   test_with_per_hub_each_hub_takes_the_options_in_its_call);
    tcase_add_test(tc, test_without_per_hub_one_call_is_for_all_hubs);
    tcase_add_test(tc, test_a_refusal_brings_the_old_options_back);
    tcase_add_test(tc, test_a_single_refusal_changes_nothing);
    tcase_add_test(tc, test_an_undo_calls_again_with_the_old_options);
    tcase_add_test(tc, test_an_undo_that_is_refused_marks_the_instance);
    tcase_add_test(tc, test_a_reconfigure_that_hangs_is_cancelled);
    tcase_add_test(tc, test_a_reconfigure_that_does_not_end_marks_the_instance);
    tcase_add_test(tc, test_the_first_start_gets_what_was_handed_over);
    tcase_add_test(tc, test_a_handover_that_fails_hands_nothing_over);
    tcase_add_test(tc, test_without_a_handover_there_is_nothing_to_do);
    tcase_add_test(tc, test_a_generation_is_retired_beside_the_next);
    tcase_add_test(tc, test_what_does_not_end_is_named_and_waited_for);
    tcase_add_test(tc, test_a_generation_that_was_never_started_is_freed);
    tcase_add_test(tc, test_without_a_fiber_it_is_tried_again);
    tcase_add_test(tc, test_the_drain_event_wakes_those_that_wait_for_it);
    tcase_add_test(tc,
                   test_a_call_into_a_hub_that_does_not_answer_is_withdrawn);
    tcase_add_test(tc, test_calls_of_several_fibers_wait_for_each_other);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
