/* SPDX-License-Identifier: MIT */
/* Reloads without memory: allocations fail in turn, from the first of a reload
 * to its last.  What runs goes on, and the next reload works. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control_client.h"

/* From one failure to the next: $STRIDE is another number. */
#define STRIDE 5

#define CONFIG                                                                 \
    "[gruvid]\ncontrol = @DIR@/control.sock\nhubs = 2\n"                       \
    "cancel_timeout = 100ms\n"                                                 \
    "[plugin renew]\nlisten = unix:@DIR@/one\n"

/* A reload has all that: options that are taken, an address that comes and
 * goes, a new generation, and other limits. */
static const char *const configs[] = {
    CONFIG "mark = a\n"
           "[plugin trial]\nfiber = good\nlisten = unix:@DIR@/two\n"
           "[plugin spread]\nlisten = unix:@DIR@/three\n",
    CONFIG "mark = b\nlisten = tcp://127.0.0.1:0\n"
           "[plugin trial]\nlisten = unix:@DIR@/two\n"
           "[plugin spread]\nmax_connections = 9\nlisten = unix:@DIR@/three\n"
           "idle_timeout = 1m\n",
};

static int *left; /* atomic; shared with gruvid */
static char shared[64];

static struct gruvid *
begin(void)
{
    char preload[300], env_shared[80];
    struct gruvid_options options = {
        .env = (const char *[]){preload, env_shared, NULL},
    };
    int fd;

    snprintf(shared, sizeof shared, "/tmp/gruvid-shared-%d", getpid());
    fd = open(shared, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof *left), 0);
    left = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(left, MAP_FAILED);
    close(fd);
    snprintf(preload, sizeof preload,
             "LD_PRELOAD=%s/tests/daemon/.libs/failing_malloc.so",
             getenv("top_builddir"));
    snprintf(env_shared, sizeof env_shared, "FAIL_SHARED=%s", shared);
    return gruvid_ready(configs[0], &options);
}

static void
echo_at(struct gruvid *g, const char *name)
{
    int fd = connect_unix(gruvid_path(g, name));

    ck_assert_int_ge(fd, 0);
    send_text(fd, "x");
    expect_text(fd, "x");
    close(fd);
}

/* The answer to a reload where an allocation fails; NULL: the connection was
 * what there was no memory for. */
static const char *
reload_without(struct gruvid *g, int n)
{
    static const char line[] = "{\"do\":\"reload\"}\n";
    int fd = connect_control(g);
    const char *answer;

    __atomic_store_n(left, n, __ATOMIC_SEQ_CST);
    send(fd, line, sizeof line - 1, MSG_NOSIGNAL);
    answer = read_answer(fd);
    close(fd);
    return answer;
}

/* Who gives up says why. */
static void
check_answer(struct gruvid *g, int n, const char *answer)
{
    if (answer == NULL || strstr(answer, "\"ok\":true") != NULL)
        return;
    ck_assert_msg(strstr(answer, "\"ok\":false") != NULL &&
                      strstr(answer, "\"reasons\":[]") == NULL,
                  "allocation %d: %s\n%s", n, answer, g->log);
}

START_TEST(test_each_allocation_of_a_reload_may_fail)
{
    const char *flags = getenv("SANITIZER_FLAGS"), *stride = getenv("STRIDE");
    struct gruvid *g;
    int n = 1;

    if ((flags != NULL && flags[0] != '\0') || getenv("GRUVID_UNDER") != NULL) {
        printf("skipped: the allocator is somebody else's\n");
        return;
    }
    g = begin();
    for (bool failed = true; failed;) {
        gruvid_configure(g, configs[n % 2]);
        check_answer(g, n, reload_without(g, n));
        failed = __atomic_load_n(left, __ATOMIC_SEQ_CST) <= 0;
        __atomic_store_n(left, 0, __ATOMIC_SEQ_CST);
        echo_at(g, "two");
        expect_answer(ask_once(g, "{\"do\":\"reload\"}"), "\"ok\":true");
        n += stride != NULL ? atoi(stride) : STRIDE;
    }
    printf("%d allocations\n", n);
    ck_assert_int_gt(n, 100);
    unlink(shared);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reload_memory");
    TCase *tc = gruvid_case(suite, "memory");

    tcase_add_test(tc, test_each_allocation_of_a_reload_may_fail);
    return run_suite(suite);
}
