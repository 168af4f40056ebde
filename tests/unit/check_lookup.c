/* SPDX-License-Identifier: MIT */
/* Looking names up: what comes of it, and where it may be done. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/askers.h"

static void
check_failure(const char *host, int err)
{
    struct addrinfo *list = (void *)&list;

    ck_assert_int_eq(gruvi_getaddrinfo(host, NULL, NULL, &list, GRUVI_FOREVER),
                     err);
    ck_assert_ptr_null(list);
}

static uint64_t
done_by_pool(void)
{
    gruvi_pool_stats_t stats;

    gruvi_pool_stats(gruvi_get_io_pool(), &stats);
    return stats.done;
}

/* --- results --------------------------------------------------------------
 */

HUB_TEST(test_numbers_need_no_pool_and_do_not_wait)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_family = AF_INET};
    struct addrinfo *list;
    uint64_t done;

    begin();
    done = done_by_pool();
    ck_assert_int_eq(gruvi_getaddrinfo("127.0.0.1", "80", &hints, &list, 0), 0);
    check_address(list, "127.0.0.1");
    ck_assert_uint_eq(((struct sockaddr_in *)list->ai_addr)->sin_port,
                      htons(80));
    gruvi_freeaddrinfo(list);
    hints.ai_socktype = SOCK_DGRAM;
    ck_assert_int_eq(gruvi_getaddrinfo(NULL, "53", &hints, &list, 0), 0);
    check_address(list, "0.0.0.0");
    ck_assert_int_eq(list->ai_socktype, SOCK_DGRAM);
    ck_assert_ptr_null(list->ai_next);
    gruvi_freeaddrinfo(list);
    hints = (struct addrinfo){.ai_family = AF_INET6};
    ck_assert_int_eq(gruvi_getaddrinfo("::1", NULL, &hints, &list, 0), 0);
    ck_assert_int_eq(list->ai_family, AF_INET6);
    gruvi_freeaddrinfo(list);
    ck_assert_uint_eq(done_by_pool(), done);
}

HUB_TEST(test_a_name_is_looked_up_in_the_pool)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_CANONNAME};
    struct addrinfo *list;
    uint64_t done;

    begin();
    done = done_by_pool();
    ck_assert_int_eq(gruvi_getaddrinfo("many.test", "7", &hints, &list, 60), 0);
    check_address(list, "127.0.0.1");
    ck_assert_str_eq(list->ai_canonname, "127.0.0.1");
    check_address(list->ai_next, "127.0.0.2");
    check_address(list->ai_next->ai_next, "127.0.0.3");
    ck_assert_ptr_null(list->ai_next->ai_next->ai_next);
    if (i == 0)
        gruvi_freeaddrinfo(list);
    else
        freeaddrinfo(list);
    gruvi_freeaddrinfo(NULL);
    settle();
    ck_assert_uint_eq(done_by_pool(), done + 1);
}

HUB_TEST(test_what_the_resolver_says_is_an_error)
{
    begin();
    check_failure("none.test", UV_EAI_NONAME);
    check_failure("again.test", UV_EAI_AGAIN);
    check_failure("short.test", UV_EMFILE);
    settle();
}

HUB_TEST(test_a_question_that_makes_no_sense_is_refused)
{
    struct addrinfo hints = {.ai_socktype = -1}, *list = (void *)&list;

    begin();
    ck_assert_int_eq(gruvi_getaddrinfo("x", NULL, NULL, NULL, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_getaddrinfo(NULL, NULL, NULL, &list, 1), UV_EINVAL);
    ck_assert_ptr_null(list);
    list = (void *)&list;
    ck_assert_int_eq(
        gruvi_getaddrinfo("x", NULL, NULL, &list, __builtin_nan("")),
        UV_EINVAL);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(gruvi_getaddrinfo("127.0.0.1", NULL, &hints, &list, 1),
                     UV_EAI_SOCKTYPE);
}

/* --- elsewhere
 * ----------------------------------------------------------------
 */

static int began, asked; /* atomic: threads that have */

static void
await_all(int *count)
{
    __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < IO_THREADS)
        uv_sleep(1);
}

/* A hub of a thread is used once: so each thread gets one of these.  None is
 * closed while another one is opened: TSan does not see libuv close its
 * descriptors. */
static int
ask_in_pool(void *arg, void **result)
{
    struct asker *a = arg;

    (void)result;
    await_all(&began);
    run_asker(a);
    await_all(&asked);
    return gruvi_hub_close(gruvi_get_hub());
}

static void
ask_in_all_threads(void *arg)
{
    struct asker a[IO_THREADS];
    void *args[IO_THREADS], *results[IO_THREADS];

    (void)arg;
    begin();
    for (int n = 0; n < IO_THREADS; n++) {
        a[n] = (struct asker){.host = "many.test", .timeout = GRUVI_FOREVER};
        args[n] = &a[n];
    }
    ck_assert_int_eq(gruvi_pool_map(gruvi_get_io_pool(), ask_in_pool, args,
                                    results, IO_THREADS, GRUVI_FOREVER),
                     0);
    for (int n = 0; n < IO_THREADS; n++) {
        ck_assert_int_eq(a[n].result, 0);
        check_address(a[n].list, "127.0.0.1");
        gruvi_freeaddrinfo(a[n].list);
    }
    settle();
}

/* None waits for another one. */
START_TEST(test_a_thread_of_the_pool_looks_up_itself)
{
    ck_assert_int_eq(in_child(ask_in_all_threads, NULL, NULL, 0), 0);
}
END_TEST

/* TSan does not support a thread that is begun after such a fork. */
#ifndef HAVE_TSAN
static void
ask_until_answered(void *arg)
{
    struct asker *a = arg;

    run_asker(a);
    gruvi_freeaddrinfo(a->list);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

/* The thread that would answer is not in the child. */
static void
fork_during_lookup(void *arg)
{
    struct asker a = {.host = "slow.test", .timeout = GRUVI_FOREVER};
    pthread_t thread;
    int status;
    pid_t pid;

    (void)arg;
    begin();
    hold_lookups();
    thread = begin_thread(ask_until_answered, &a);
    while (held_lookups() == 0)
        uv_sleep(1);
    pid = fork();
    if (pid == 0) {
        release_lookups();
        ask_until_answered(&a);
        _exit(a.result == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    release_lookups();
    end_thread(thread);
    ck_assert_int_eq(a.result, 0);
}

START_TEST(test_a_child_of_a_fork_asks_anew)
{
    ck_assert_int_eq(in_child(fork_during_lookup, NULL, NULL, 0), 0);
}
END_TEST
#endif

int
main(void)
{
    Suite *suite = suite_create("lookup");
    TCase *tc = tcase_create("lookup");

    /* In children, which begin with a pool that has not started. */
    tcase_add_test(tc, test_a_thread_of_the_pool_looks_up_itself);
#ifndef HAVE_TSAN
    tcase_add_test(tc, test_a_child_of_a_fork_asks_anew);
#endif
    tcase_add_test(tc, test_numbers_need_no_pool_and_do_not_wait);
    tcase_add_loop_test(tc, test_a_name_is_looked_up_in_the_pool, 0, 2);
    tcase_add_test(tc, test_what_the_resolver_says_is_an_error);
    tcase_add_test(tc, test_a_question_that_makes_no_sense_is_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
