/* SPDX-License-Identifier: MIT */
/*
 * A plugin with planted mistakes, which gruvid-test has to find.  The option
 * mistake names the one that it makes; with repaired it does the same without.
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gruvid/request.h>

static const gruvid_option_t options[] = {
    {.name = "mistake", .type = GRUVID_STRING, .default_value = ""},
    {.name = "repaired", .type = GRUVID_BOOL, .default_value = "no"},
    GRUVID_OPTIONS_END,
};

static bool repaired;

/* --- a lost cancel -------------------------------------------------------- */

/* It takes no notice of why a sleep has ended. */
static int
beat(void *arg)
{
    int err;

    (void)arg;
    do
        err = gruvi_sleep(1);
    while (err == 0 || !repaired);
    return err;
}

/* --- a leak on the error path --------------------------------------------- */

static GRUVI_SWITCHPOINT int
copy_twice(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char *one = malloc(100), *two = malloc(100);
    ssize_t n;

    (void)plugin;
    if (one == NULL || two == NULL) {
        if (repaired) {
            free(one);
            free(two);
        }
        return UV_ENOMEM;
    }
    n = gruvi_stream_read(stream, one, 100);
    if (n > 0) {
        memcpy(two, one, (size_t)n);
        n = gruvi_stream_write(stream, two, (size_t)n);
    }
    free(one);
    free(two);
    return (int)n;
}

/* --- memory that the thread keeps ----------------------------------------- */

/* As libraries do, for the next call; or it is lost. */
static GRUVI_SWITCHPOINT int
keep_for_thread(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    pthread_key_t key;
    void *kept = malloc(100);

    (void)stream;
    (void)plugin;
    if (kept == NULL)
        return UV_ENOMEM;
    if (pthread_key_create(&key, free) != 0) {
        free(kept);
        return UV_EAGAIN;
    }
    pthread_setspecific(key, repaired ? kept : NULL);
    return 0;
}

/* --- memory in a list that is older than the run -------------------------- */

/* As libraries have them, of which the C library is one; or it is lost.
 * Volatile: nothing reads it, so that a compiler might leave it all out. */
static struct item {
    struct item *next;
    char name[88];
} *volatile oldest;

static __attribute__((constructor)) void
begin_list(void)
{
    oldest = calloc(1, sizeof *oldest);
}

static GRUVI_SWITCHPOINT int
keep_in_list(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct item *item = calloc(1, sizeof *item);

    (void)stream;
    (void)plugin;
    if (item == NULL || oldest == NULL)
        return UV_ENOMEM;
    oldest->next = repaired ? item : NULL;
    return 0;
}

/* --- a missing close ------------------------------------------------------ */

/* A client that says nothing makes it forget its file. */
static GRUVI_SWITCHPOINT int
read_with_file(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char buf[10];
    ssize_t n;

    (void)plugin;
    if (fd < 0)
        return UV_EMFILE;
    n = gruvi_stream_read(stream, buf, sizeof buf);
    if (n <= 0 && !repaired)
        return (int)n;
    close(fd);
    return 0;
}

/* Likewise its copy of a descriptor, and its FILE. */
static GRUVI_SWITCHPOINT int
read_with_copies(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), copy;
    FILE *file;
    char buf[10];
    ssize_t n;

    (void)plugin;
    if (fd < 0)
        return UV_EMFILE;
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    close(fd);
    if (copy < 0)
        return UV_EMFILE;
    file = fopen("/dev/zero", "re");
    n = file == NULL ? UV_EMFILE : gruvi_stream_read(stream, buf, sizeof buf);
    if (n == 0 && !repaired)
        return 0;
    if (file != NULL)
        fclose(file);
    close(copy);
    return (int)n;
}

/* --- a write that has to succeed ------------------------------------------ */

static GRUVI_SWITCHPOINT int
write_surely(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    int err = gruvi_stream_write(stream, "hello\n", 6);

    (void)plugin;
    if (err == UV_ENOBUFS && !repaired)
        abort();
    return err;
}

/* --- work that is always in time ------------------------------------------ */

static int
add_one(void *arg, void **result)
{
    (void)result;
    ++*(int *)arg;
    return 0;
}

/* Where the work is late, its number is lost. */
static GRUVI_SWITCHPOINT int
count_in_time(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    int *number = calloc(1, sizeof *number);
    double begun = gruvi_now();
    int err;

    (void)plugin;
    if (number == NULL)
        return UV_ENOMEM;
    err = gruvi_compute(add_one, number, NULL);
    if (gruvi_now() - begun > 1 && !repaired)
        return gruvi_stream_write(stream, "too late\n", 9);
    free(number);
    return err < 0 ? err : gruvi_stream_write(stream, "done\n", 5);
}

/* --- a timeout off by one ------------------------------------------------- */

static GRUVI_SWITCHPOINT int
leave_in_time(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char buf[10];
    ssize_t n;

    (void)plugin;
    gruvi_stream_set_timeout(stream, repaired ? 30 : 31);
    n = gruvi_stream_read(stream, buf, sizeof buf);
    return n == UV_ETIMEDOUT ? 0 : (int)n;
}

/* --- a short read not expected -------------------------------------------- */

static GRUVI_SWITCHPOINT int
read_record(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char record[8];
    int err;

    (void)plugin;
    if (repaired)
        err = gruvi_stream_read_exact(stream, record, sizeof record);
    else
        err = (int)gruvi_stream_read(stream, record, sizeof record);
    if (err < 0)
        return err;
    return gruvi_stream_write(stream, record, sizeof record);
}

/* --- an order that works by luck ------------------------------------------ */

struct words {
    gruvi_stream_t *stream;
    const char *text;
    gruvi_event_t are_there, are_sent;
};

static int
find_words(void *arg)
{
    struct words *words = arg;

    words->text = "hello\n";
    gruvi_event_set(&words->are_there);
    return 0;
}

/* It was spawned after the other, and so it comes after it. */
static int
send_words(void *arg)
{
    struct words *words = arg;
    int err = repaired ? gruvi_event_wait(&words->are_there, GRUVI_FOREVER) : 0;

    if (err == 0 && words->text == NULL)
        words->text = "nothing\n";
    if (err == 0)
        err =
            gruvi_stream_write(words->stream, words->text, strlen(words->text));
    gruvi_event_set(&words->are_sent);
    return err;
}

static GRUVI_SWITCHPOINT int
say_hello(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct words words = {.stream = stream};
    int err = 0;

    (void)plugin;
    gruvi_event_init(&words.are_there);
    gruvi_event_init(&words.are_sent);
    GRUVI_WITH_GROUP (group) {
        err = gruvi_go(find_words, &words);
        if (err == 0)
            err = gruvi_go(send_words, &words);
        if (err == 0)
            err = gruvi_event_wait(&words.are_sent, GRUVI_FOREVER);
    }
    gruvi_event_destroy(&words.are_there);
    gruvi_event_destroy(&words.are_sent);
    return err;
}

/* --- a fiber that outlives its connection --------------------------------- */

static gruvi_stream_t *latest;
static gruvi_event_t has_latest;

static int
write_late(void *arg)
{
    int err;

    (void)arg;
    while ((err = gruvi_event_wait(&has_latest, GRUVI_FOREVER)) == 0) {
        err = gruvi_sleep(1);
        if (err < 0)
            break;
        gruvi_event_clear(&has_latest);
        if (latest != NULL)
            gruvi_stream_write(latest, "late\n", 5);
    }
    return err;
}

static GRUVI_SWITCHPOINT int
give_away(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char buf[10];
    ssize_t n;

    (void)plugin;
    latest = stream;
    gruvi_event_set(&has_latest);
    n = gruvi_stream_read(stream, buf, sizeof buf);
    if (repaired)
        latest = NULL;
    return (int)n;
}

/* --- memory that is always there ------------------------------------------ */

static GRUVI_SWITCHPOINT int
greet(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char *text = strdup("hello\n");
    int err;

    (void)plugin;
    if (text == NULL && repaired)
        return UV_ENOMEM;
    err = gruvi_stream_write(stream, text, strlen(text));
    free(text);
    return err;
}

/* --- a library that has no memory ----------------------------------------- */

/* As if it were the library that ends the process: not the plugin's mistake. */
static GRUVI_SWITCHPOINT int
ask_library(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    uv_env_item_t *items;
    char *text = strdup("hello\n");
    int n, err = text == NULL ? UV_ENOMEM : 0;

    (void)plugin;
    if (err == 0) {
        if (uv_os_environ(&items, &n) < 0)
            abort();
        uv_os_free_environ(items, n);
        err = gruvi_stream_write(stream, text, strlen(text));
    }
    free(text);
    return err;
}

/* --- a wait where none may be --------------------------------------------- */

static int sum;

static GRUVI_SWITCHPOINT int
add_up(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    int err = 0;

    (void)plugin;
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        int before = sum;

        if (!repaired)
            err = gruvi_stream_write(stream, "adding\n", 7);
        sum = before + 1;
    }
    return err < 0 ? err : gruvi_stream_write(stream, "added\n", 6);
}

/* --- an error that is tried again for ever -------------------------------- */

/* A reset is an error that stays. */
static GRUVI_SWITCHPOINT int
read_again(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char buf[10];
    ssize_t n;

    (void)plugin;
    while ((n = gruvi_stream_read(stream, buf, sizeof buf)) != 0)
        if (n < 0 && repaired)
            return (int)n;
        else if (n < 0)
            gruvi_sleep(1);
    return 0;
}

/* --- a lock that is kept -------------------------------------------------- */

static gruvi_lock_t lock = GRUVI_LOCK_INIT;

static GRUVI_SWITCHPOINT int
answer_alone(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char buf[10];
    ssize_t n;
    int err = gruvi_lock_acquire(&lock, GRUVI_FOREVER);

    (void)plugin;
    if (err < 0)
        return err;
    n = gruvi_stream_read(stream, buf, sizeof buf);
    if (n < 0 && !repaired)
        return (int)n;
    if (n > 0)
        n = gruvi_stream_write(stream, buf, (size_t)n);
    gruvi_lock_release(&lock);
    return (int)n;
}

/* --- a stop that forgets what start has made ------------------------------ */

static int
make_data(gruvid_plugin_t *plugin)
{
    void *data = malloc(100);

    return data == NULL ? UV_ENOMEM : gruvid_set_plugin_data(plugin, data);
}

/* --- memory that is treated badly ----------------------------------------- */

static GRUVI_SWITCHPOINT int
free_again(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char *volatile copy = strdup("copy");

    (void)stream;
    (void)plugin;
    free(copy);
    if (!repaired)
        free(copy);
    return 0;
}

/* The byte at the end of the text has no room. */
static GRUVI_SWITCHPOINT int
write_behind(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char *copy = malloc(repaired ? 5 : 4);
    int err;

    (void)plugin;
    if (copy == NULL)
        return UV_ENOMEM;
    memcpy(copy, "copy", 5);
    err = gruvi_stream_write(stream, copy, 4);
    free(copy);
    return err;
}

static GRUVI_SWITCHPOINT int
write_in_front(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char *copy = calloc(1, 4);
    int err;

    (void)plugin;
    if (copy == NULL)
        return UV_ENOMEM;
    if (malloc_usable_size(copy) < 4) /* a library may ask */
        abort();
    copy[repaired ? 0 : -1] = '\n';
    copy[0] = '\n';
    err = gruvi_stream_write(stream, copy, 1);
    free(copy);
    return err;
}

/* A child that goes on when the plugin has gone. */
static GRUVI_SWITCHPOINT int
leave_child(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    pid_t child = fork();

    (void)plugin;
    if (child == 0)
        for (;;)
            pause();
    return gruvi_stream_printf(stream, "%d\n", (int)child);
}

/* --- the plugin ----------------------------------------------------------- */

typedef int connection_fn(gruvi_stream_t *stream, gruvid_plugin_t *plugin);

static const struct {
    const char *name;
    int (*fiber)(void *arg); /* NULL: none */
    connection_fn *connection;
} mistakes[] = {
    {"lost_cancel", beat, NULL},
    {"leak", NULL, copy_twice},
    {"thread", NULL, keep_for_thread},
    {"list", NULL, keep_in_list},
    {"missing_close", NULL, read_with_file},
    {"missing_copies", NULL, read_with_copies},
    {"no_room", NULL, write_surely},
    {"late", NULL, count_in_time},
    {"timeout", NULL, leave_in_time},
    {"short_read", NULL, read_record},
    {"order", NULL, say_hello},
    {"outlives", write_late, give_away},
    {"upgrade_outlives", write_late, give_away},
    {"upgrade_leak", NULL, read_with_file},
    {"unchecked", NULL, greet},
    {"library", NULL, ask_library},
    {"switches", NULL, add_up},
    {"retries", NULL, read_again},
    {"kept_lock", NULL, answer_alone},
    {"freed_twice", NULL, free_again},
    {"written_behind", NULL, write_behind},
    {"written_before", NULL, write_in_front},
    {"child", NULL, leave_child},
    {"stop", NULL, NULL},
};

static size_t
which(gruvid_plugin_t *plugin)
{
    size_t i = 0;

    while (strcmp(mistakes[i].name, gruvid_option_string(plugin, "mistake")) !=
           0)
        i++;
    return i;
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    connection_fn *fn = mistakes[which(plugin)].connection;

    return fn == NULL ? 0 : fn(stream, plugin);
}

/* The same mistakes, with a connection that was a request. */
static GRUVI_SWITCHPOINT int
request(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    gruvi_stream_t *stream;
    int err = gruvid_request_upgrade(request, "mistake", &stream);

    return err < 0 ? err : connection(stream, plugin);
}

static int
start(gruvid_plugin_t *plugin)
{
    size_t i = which(plugin);

    repaired = gruvid_option_bool(plugin, "repaired");
    gruvi_event_init(&has_latest);
    if (strcmp(mistakes[i].name, "stop") == 0)
        return make_data(plugin);
    return mistakes[i].fiber == NULL ? 0 : gruvi_go(mistakes[i].fiber, NULL);
}

static void
stop(gruvid_plugin_t *plugin)
{
    if (repaired)
        free(gruvid_plugin_data(plugin));
    gruvi_event_destroy(&has_latest);
}

GRUVID_PLUGIN(planted, .options = options, .start = start, .stop = stop,
    .connection = connection, .request = request);
