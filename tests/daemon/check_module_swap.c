/* SPDX-License-Identifier: MIT */
/* A plugin that is replaced while gruvid runs it: by new builds, and by builds
 * that come back; and what of the old code goes on. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/make_plugin.h"
#include "daemon/run_gruvid.h"
#include "support/folder.h"

/* --- a plugin ------------------------------------------------------------- */

/* Its mark tells its builds apart.  A connection hears the mark, and then its
 * own bytes. */
#define PLUGIN                                                                 \
    "#include <gruvid/plugin.h>\n"                                             \
    "#include <stdio.h>\n"                                                     \
    "#include <stdlib.h>\n"                                                    \
    "#include <string.h>\n"                                                    \
    "extern const char mark[];\n"                                              \
    "const char mark[] = \"build 00000000\\n\";\n"                             \
    "static int serve(gruvi_stream_t *stream, gruvid_plugin_t *plugin)\n"      \
    "{\n"                                                                      \
    "    char text[100];\n"                                                    \
    "    ssize_t n = gruvi_stream_write(stream, mark, strlen(mark));\n"        \
    "    (void)plugin;\n"                                                      \
    "    while (n >= 0 &&\n"                                                   \
    "           (n = gruvi_stream_read(stream, text, sizeof text)) > 0)\n"     \
    "        n = gruvi_stream_write(stream, text, (size_t)n);\n"               \
    "    return (int)n;\n"                                                     \
    "}\n"

#define SERVING PLUGIN "GRUVID_PLUGIN(swap, .connection = serve);\n"

static char folder[64]; /* of the plugin */
static char file[100];

static void
set_up(void)
{
    strcpy(folder, "/tmp/gruvid-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/swap.so", folder);
}

static void
tear_down(void)
{
    gruvid_end_all();
    remove_folder(folder);
}

static struct gruvid *
begin(const char *source, const char *section)
{
    const char *args[] = {"-o", NULL, NULL};
    struct gruvid_options options = {.args = args};
    char option[100], config[300];

    make_plugin(file, source, "-Wl,--build-id=none");
    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", folder);
    args[1] = option;
    snprintf(config, sizeof config,
             "[plugin swap]\nlisten = unix:@DIR@/swap\n%s", section);
    return gruvid_ready(config, &options);
}

/* A new build, and a reload that takes it. */
static void
swap(struct gruvid *g, unsigned n)
{
    char old[40], new[40], answer[40];

    snprintf(old, sizeof old, "build %08u", n - 1);
    snprintf(new, sizeof new, "build %08u", n);
    patch_file(file, old, new);
    gruvid_signal(g, SIGHUP);
    snprintf(answer, sizeof answer, "reload %u is done", n);
    gruvid_says(g, answer);
}

/* Connect, and hear which build serves. */
static int
enter(const struct gruvid *g, unsigned n)
{
    int fd = connect_unix(gruvid_path(g, "swap"));
    char mark[40];

    snprintf(mark, sizeof mark, "build %08u\n", n);
    expect_text(fd, mark);
    return fd;
}

static void
echo_on(int fd)
{
    send_text(fd, "x");
    expect_text(fd, "x");
}

/* --- what goes on --------------------------------------------------------- */

START_TEST(test_a_connection_stays_with_the_build_that_it_has)
{
    struct gruvid *g = begin(SERVING, "");
    int fds[4];

    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            swap(g, i);
        fds[i] = enter(g, i);
    }
    for (unsigned i = 0; i < 4; i++) {
        echo_on(fds[i]);
        close(fds[i]);
    }
    gruvid_says(g, "plugin swap, generation 3 has stopped: 1 connections");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_cxx_exceptions_end_where_they_should_in_each_build)
{
    struct gruvid *g =
        begin("// C++\n"
              "#include <stdexcept>\n"
              "#include <string>\n" PLUGIN
              "static int guarded(gruvi_stream_t *stream, gruvid_plugin_t *p)\n"
              "{\n"
              "    static std::string text = \"thrown by \";\n"
              "    try {\n"
              "        if (serve(stream, p) >= 0)\n"
              "            throw std::runtime_error(text + mark);\n"
              "    } catch (const std::exception &e) {\n"
              "        gruvi_info(\"caught: %s\", e.what());\n"
              "    }\n"
              "    throw std::runtime_error(mark);\n"
              "}\n"
              "GRUVID_PLUGIN(swap, .connection = guarded);\n",
              "");
    int old = enter(g, 0), new;

    swap(g, 1);
    new = enter(g, 1);
    echo_on(old);
    close(old);
    gruvid_says(g, "caught: thrown by build 00000000");
    close(new);
    gruvid_says(g, "caught: thrown by build 00000001");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/*
 * Work that is under way while its plugin is replaced, and ends after the last
 * fiber of that generation has.  It waits for a FIFO:
 *
 *   start       spawns a fiber, which hands work to a thread, and is cancelled
 *               when the generation ends
 *   work        reads a byte of the FIFO; says "work"; settles a future
 *   release     says "release"
 *   callback    of the future; says "callback"
 */
#define WORKING                                                                \
    "#include <fcntl.h>\n"                                                     \
    "#include <unistd.h>\n" PLUGIN "static gruvi_future_t *future;\n"          \
    "static const char *fifo;\n"                                               \
    "static const gruvid_option_t options[] = {\n"                             \
    "    {.name = \"fifo\"}, GRUVID_OPTIONS_END};\n"                           \
    "static int work(void *arg, void **result)\n"                              \
    "{\n"                                                                      \
    "    int fd = open(fifo, O_RDONLY);\n"                                     \
    "    char c;\n"                                                            \
    "    (void)arg;\n"                                                         \
    "    *result = NULL;\n"                                                    \
    "    if (read(fd, &c, 1) != 1)\n"                                          \
    "        gruvi_error(\"no byte for %s\", mark);\n"                         \
    "    close(fd);\n"                                                         \
    "    gruvi_info(\"work of %s\", mark);\n"                                  \
    "    gruvi_future_set_result(future, NULL);\n"                             \
    "    return 0;\n"                                                          \
    "}\n"                                                                      \
    "static void release(void *arg, void *result)\n"                           \
    "{ (void)arg; (void)result; gruvi_info(\"release of %s\", mark); }\n"      \
    "static void callback(gruvi_future_t *f, void *arg)\n"                     \
    "{ (void)f; (void)arg; gruvi_info(\"callback of %s\", mark); }\n"          \
    "static int run(void *arg)\n"                                              \
    "{\n"                                                                      \
    "    void *result;\n"                                                      \
    "    return gruvi_blocking_abandon(work, arg, release, &result);\n"        \
    "}\n"                                                                      \
    "static int start(gruvid_plugin_t *plugin)\n"                              \
    "{\n"                                                                      \
    "    fifo = strdup(gruvid_option_string(plugin, \"fifo\"));\n"             \
    "    future = gruvi_future_new();\n"                                       \
    "    gruvi_future_add_done_callback(future, callback, NULL);\n"            \
    "    return gruvi_spawn(run, NULL) != NULL ? 0 : gruvi_last_error();\n"    \
    "}\n"                                                                      \
    "static void stop(gruvid_plugin_t *plugin)\n"                              \
    "{ (void)plugin; gruvi_info(\"stop of %s\", mark); }\n"                    \
    "GRUVID_PLUGIN(swap, .options = options, .start = start,\n"                \
    "    .connection = serve, .stop = stop);\n"

START_TEST(test_abandoned_work_and_callbacks_run_in_the_build_that_they_are_of)
{
    char fifo[100], section[130];
    struct gruvid *g;
    int fd;

    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    snprintf(section, sizeof section, "fifo = %s\n", fifo);
    g = begin(WORKING, section);
    fd = open(fifo, O_WRONLY); /* once a thread has it open */
    ck_assert_int_ge(fd, 0);
    swap(g, 1);
    gruvid_says(g, "stop of build 00000000");
    ck_assert_int_eq(write(fd, "xx", 2), 2); /* a byte for each build */
    gruvid_says(g, "work of build 00000000");
    gruvid_says(g, "release of build 00000000");
    gruvid_says(g, "callback of build 00000000");
    gruvid_says(g, "callback of build 00000001");
    close(fd);
    close(enter(g, 1));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_code_that_crashes_when_it_is_loaded_fails_the_reload_only)
{
    struct gruvid *g = begin(SERVING, "");
    int fd = enter(g, 0);

    make_plugin(file,
                PLUGIN "static void __attribute__((constructor)) fall(void)\n"
                       "{ fputs(\"no table\\n\", stderr); abort(); }\n"
                       "GRUVID_PLUGIN(swap, .connection = serve);\n",
                "");
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "code that runs when it is loaded crashes: no table; ");
    gruvid_says(g, "reload 1 failed");
    echo_on(fd);
    close(fd);
    close(enter(g, 0));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- many ----------------------------------------------------------------- */

static unsigned
count_descriptors(pid_t pid)
{
    char path[60];
    unsigned n = 0;
    struct stat st;

    for (int fd = 0; fd < 200; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
        n += lstat(path, &st) == 0;
    }
    return n;
}

/* Bytes in memory that are of no file: the heap and the like. */
static long
count_heap(pid_t pid)
{
    char line[300], name[200] = "";
    long kilobytes, sum = 0;
    FILE *maps;

    snprintf(line, sizeof line, "/proc/%d/smaps", (int)pid);
    maps = fopen(line, "r");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (strchr("0123456789abcdef", line[0]) != NULL) {
            name[0] = '\0';
            sscanf(line, "%*s %*s %*s %*s %*s %199s", name);
        }
        if ((name[0] == '\0' || strcmp(name, "[heap]") == 0) &&
            sscanf(line, "Rss: %ld kB", &kilobytes) == 1)
            sum += kilobytes * 1024;
    }
    fclose(maps);
    return sum;
}

/* The generation before the n-th swap has ended. */
static void
has_ended(struct gruvid *g, unsigned n)
{
    char text[60];

    snprintf(text, sizeof text, "generation %u has stopped", n);
    gruvid_says(g, text);
}

/* CHECK_BUILDS by hand. */
static unsigned
many(void)
{
    const char *text = getenv("CHECK_BUILDS");

    return text != NULL ? (unsigned)atoi(text) : 60;
}

/* Sanitizers and Valgrind keep what is freed. */
static bool
shows_heap(void)
{
    const char *flags = getenv("SANITIZER_FLAGS");

    return getenv("GRUVID_UNDER") == NULL && (flags == NULL || *flags == '\0');
}

static void
no_more(struct gruvid *g, unsigned descriptors, long heap, long most)
{
    long more;

    has_ended(g, many() + 20);
    more = count_heap(g->pid) - heap;

    printf("%u swaps: %ld bytes of heap more\n", many(), more);
    /* A client that has just gone may still have its descriptor. */
    ck_assert_uint_lt(count_descriptors(g->pid), descriptors + 3);
    ck_assert_msg(more < most || !shows_heap(), "%ld bytes more", more);
}

/* Between two builds that are both open. */
START_TEST(test_builds_that_come_back_take_nothing)
{
    struct gruvid *g = begin(SERVING, "");
    unsigned descriptors = 0;
    char other[110];
    long heap = 0;

    snprintf(other, sizeof other, "%s/other", folder);
    install_file(file, other);
    for (unsigned i = 1; i <= many() + 20; i++) {
        char answer[40];

        if (i == 1)
            patch_file(file, "build 00000000", "build 00000001");
        else {
            char kept[120];

            snprintf(kept, sizeof kept, "%s.kept", other);
            ck_assert_int_eq(rename(file, kept), 0);
            ck_assert_int_eq(rename(other, file), 0);
            ck_assert_int_eq(rename(kept, other), 0);
        }
        gruvid_signal(g, SIGHUP);
        snprintf(answer, sizeof answer, "reload %u is done", i);
        gruvid_says(g, answer);
        close(enter(g, i % 2));
        if (i == 20) {
            has_ended(g, i);
            heap = count_heap(g->pid);
            descriptors = count_descriptors(g->pid);
        }
    }
    no_more(g, descriptors, heap, 256 << 10);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* What the loader and we know of a build is on the heap, too. */
START_TEST(test_new_builds_take_no_descriptor_and_little_heap)
{
    struct gruvid *g = begin(SERVING, "");
    unsigned descriptors = 0;
    long heap = 0;

    for (unsigned i = 1; i <= many() + 20; i++) {
        swap(g, i);
        close(enter(g, i));
        if (i == 20) {
            has_ended(g, i);
            heap = count_heap(g->pid);
            descriptors = count_descriptors(g->pid);
        }
    }
    no_more(g, descriptors, heap, (256 << 10) + 8192L * many());
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("module_swap");
    TCase *tc = tcase_create("module_swap");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 600);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_connection_stays_with_the_build_that_it_has);
    tcase_add_test(tc, test_cxx_exceptions_end_where_they_should_in_each_build);
    tcase_add_test(
        tc,
        test_abandoned_work_and_callbacks_run_in_the_build_that_they_are_of);
    tcase_add_test(
        tc, test_code_that_crashes_when_it_is_loaded_fails_the_reload_only);
    tcase_add_test(tc, test_builds_that_come_back_take_nothing);
    tcase_add_test(tc, test_new_builds_take_no_descriptor_and_little_heap);
    return run_suite(suite);
}
