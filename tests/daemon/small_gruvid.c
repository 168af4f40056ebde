/* SPDX-License-Identifier: MIT */
/* A small gruvid inside of the test program: see small_gruvid.h. */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config_fixture.h"
#include "daemon/small_gruvid.h"
#include "run/life.h"
#include "run/retire.h"
#include "support/suite.h"

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

void
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

bool
was_logged(const char *text)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = strstr(logged, text) != NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

void
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

int at_handover, at_reconfigure[3];
bool hangs, is_stubborn, is_rude;
gruvi_event_t let_go;
int fd_given, fd_taken;

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

int
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
        fd_taken = gruvid_handover_take_fd(plugin, "fd");
    }
    if (strcmp(word(plugin), "stubborn") == 0)
        gruvi_go(wait_until_let_go, NULL);
    return 0;
}

static int keeps; /* atomic */

static void
keep_hub(void *arg)
{
    (void)arg;
    while (__atomic_load_n(&keeps, __ATOMIC_ACQUIRE))
        usleep(1000);
}

static int
keep_hub_when_cancelled(void)
{
    int err = gruvi_sleep(GRUVI_FOREVER);

    __atomic_store_n(&keeps, 1, __ATOMIC_RELEASE);
    keep_hub(NULL);
    return err;
}

static int
reconfigure(gruvid_plugin_t *plugin)
{
    unsigned hub = hub_number();

    note("%u:%s ", hub, word(plugin));
    if (hub == 2 && hangs)
        return gruvi_sleep(GRUVI_FOREVER);
    if (hub == 2 && is_rude)
        return keep_hub_when_cancelled();
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
    if (is_stubborn)
        wait_until_let_go(NULL);
    return at_handover;
}

static void
stop(gruvid_plugin_t *plugin)
{
    note("stop%d ", (int)gruvid_plugin_generation(plugin));
}

/* --- a small gruvid --------------------------------------------------------
 */

struct gruvid__leader leader;
struct gruvid__hubs hubs;
struct gruvid__instances instances;
struct gruvid__module module;
struct gruvid__sockets sockets;

const char *more_lines = "";

/* A section of the plugin with a word. */
gruvid__section_t *
section_with(const char *value)
{
    gruvid__section_t *section;
    gruvid__config_t *loaded;
    char text[300];

    snprintf(text, sizeof text,
             "[plugin p]\nword = %s\nstart_timeout = 100ms\n%s", value,
             more_lines);
    write_file(path, text, strlen(text));
    ck_assert_int_eq(gruvid__config_load(&loaded, path, NULL, 0), 0);
    section = gruvid__config_next_plugin(loaded, NULL);
    ck_assert_int_eq(
        gruvid__config_check_plugin(loaded, section, options, sizeof *options),
        0);
    return section;
}

gruvid_plugin_t *
make(const char *value)
{
    gruvid__section_t *section = section_with(value);
    gruvid_plugin_t *made;

    ck_assert_int_eq(
        gruvid__instance_new(&made, &instances, section, &module, 0), 0);
    gruvid__section_drop(section);
    return made;
}

void
begin(gruvid_plugin_t *made)
{
    ck_assert_int_eq(gruvid__plugin_bind(made), 0);
    ck_assert_int_eq(gruvid__plugin_start(made), 0);
    made->role = GRUVID__CURRENT;
    leader.serving = true;
}

void
await_count(size_t n)
{
    while (instances.n != n)
        ck_assert(gruvid__wait(&leader, gruvid__now() + PATIENCE));
}

void
keep_second_hub(void)
{
    keeps = 1;
    ck_assert_int_eq(gruvi_hub_run_callback(hubs.at[1].hub, keep_hub, NULL), 0);
}

void
let_second_hub_go(void)
{
    __atomic_store_n(&keeps, 0, __ATOMIC_RELEASE);
}

static void
open_all(void)
{
    record[0] = logged[0] = '\0';
    more_lines = "";
    hangs = is_stubborn = is_rude = false;
    at_handover = at_reconfigure[1] = at_reconfigure[2] = 0;
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
    gruvid__sockets_init(&sockets);
    leader.sockets = &sockets;
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
    gruvid__sockets_close(&sockets);
    gruvi_hub_close(gruvi_get_hub());
    gruvid__instances_free(&instances);
    gruvid__hubs_free(&hubs);
    gruvid__leader_destroy(&leader);
    gruvi_event_destroy(&let_go);
    gruvi_set_log_sink(NULL);
}

static void *
thread_main(void *body)
{
    open_all();
    (*(void (**)(void))body)();
    close_all();
    return NULL;
}

/* The thread of a hub that is closed gets no other. */
void
small_gruvid(void (*body)(void))
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, thread_main, &body), 0);
    pthread_join(thread, NULL);
}
