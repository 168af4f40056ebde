/* SPDX-License-Identifier: MIT */
/*
 * Reports of stack overflows.  Each scene plays in a child, whose stderr and
 * end are looked at: the handler is installed once a process.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/context.h"
#include "base/context_tools.h"
#include "base/overflow.h"
#include "base/stack.h"
#include "support/suite.h"
#include "support/valgrind.h"

struct fiber {
    struct gruvi__context context;
    struct gruvi__context_tools tools;
    struct gruvi__stack stack;
};
GRUVI__STACK_LAST(struct fiber, stack);

static __thread struct fiber *current;

static bool
describe(const void *addr, struct gruvi__overflow *overflow)
{
    if (current == NULL || !gruvi__stack_guards(&current->stack, addr))
        return false;
    overflow->name = "glutton";
    overflow->stack_size = current->stack.size;
    overflow->advice = "Give it a larger one.";
    return true;
}

/* Run body on a fiber's stack of 64 KiB. */
static void
run_on_fiber(void (*body)(void))
{
    struct gruvi__arena *arena = gruvi__arena_new();
    struct gruvi__stack *stack;
    struct gruvi__context here;
    struct gruvi__context_tools tools;

    if (gruvi__stack_alloc(arena, 64 << 10, &stack) != 0)
        abort();
    current = gruvi__stack_control(stack, struct fiber, stack);
    gruvi__tools_init_thread(&tools);
    gruvi__tools_init(&current->tools, stack->low,
                      (size_t)((char *)current - stack->low));
    gruvi__context_make(&current->context, stack->low, current, body);
    gruvi__tools_before_switch(&tools, &current->tools);
    gruvi__context_switch(&here, &current->context);
}

static void
install(void)
{
    gruvi__overflow_describe = describe;
    if (gruvi__overflow_install() != 0 || gruvi__overflow_thread_enter() != 0)
        abort();
}

/* What a child wrote and how it ended. */
static char text[2048];
static int status;

/* End a child, saying how it went.  (Its exit status is Valgrind's, which does
 * not like faults.) */
static void
leave(const char *word)
{
    if (write(STDERR_FILENO, word, strlen(word)) < 0)
        abort();
    _exit(0);
}

static void
play(void (*scene)(void))
{
    size_t length = 0;
    ssize_t n;
    int fds[2];
    pid_t child;

    ck_assert_int_eq(pipe(fds), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL); /* sanitizers have theirs */
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        close(fds[1]);
        scene();
        _exit(0);
    }
    close(fds[1]);
    while (length < sizeof text - 1 &&
           (n = read(fds[0], text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)n;
    text[length] = '\0';
    close(fds[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
}

#define ck_died_of(signum)                                                     \
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == (signum),         \
                  "status %x, stderr: %s", (unsigned)status, text)

static const char report[] =
    "gruvi: stack overflow in fiber \"glutton\": its stack of 64 KiB is used "
    "up.  Give it a larger one.\n";

/* ---- overflows ---- */

static int
recurse(int depth)
{
    volatile char frame[512];

    frame[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

static void
overflow(void)
{
    gruvi__tools_after_switch(&current->tools);
    recurse(0);
}

static void
overflow_on_main_thread(void)
{
    install();
    run_on_fiber(overflow);
}

START_TEST(test_an_overflow_names_the_fiber_and_dies_of_sigsegv)
{
    play(overflow_on_main_thread);
    ck_assert_str_eq(text, report);
    ck_died_of(SIGSEGV);
}
END_TEST

static void
overflow_with_mprotect(void)
{
    gruvi__stack_force_mprotect(true);
    overflow_on_main_thread();
}

START_TEST(test_an_overflow_into_an_mprotect_guard_does_too)
{
    play(overflow_with_mprotect);
    ck_assert_str_eq(text, report);
    ck_died_of(SIGSEGV);
}
END_TEST

static void *
overflow_here(void *arg)
{
    if (gruvi__overflow_thread_enter() != 0)
        abort();
    run_on_fiber(overflow);
    return arg;
}

static void
overflow_on_a_thread(void)
{
    pthread_t thread;

    install();
    if (pthread_create(&thread, NULL, overflow_here, NULL) == 0)
        pthread_join(thread, NULL);
}

START_TEST(test_an_overflow_in_another_thread_does_too)
{
    play(overflow_on_a_thread);
    ck_assert_str_eq(text, report);
    ck_died_of(SIGSEGV);
}
END_TEST

/* ---- signals for which there is no room ---- */

static volatile int calls;

static void
count_call(int signum)
{
    (void)signum;
    calls++;
}

static char *enough;
static long process, thread_id;

/* Less than the frame of a signal takes on any processor, whose
 * AT_MINSIGSTKSZ may be far more: it has room for registers not in use. */
#define LITTLE 1024

/* Go down until so little is left, send a signal, and come back. */
static int
send_at_depth(void)
{
    volatile char frame[64];
    int sum = 0;

    frame[0] = 1;
    if ((char *)__builtin_frame_address(0) > enough)
        sum = send_at_depth();
    else
        syscall(SYS_tgkill, process, thread_id, SIGUSR1);
    return sum + frame[0];
}

static void
signal_on_little_stack(void)
{
    gruvi__tools_after_switch(&current->tools);
    process = getpid();
    thread_id = syscall(SYS_gettid);
    enough = current->stack.low + LITTLE;
    send_at_depth();
    leave(calls == 0 ? "lost" : "called");
}

static void
handler_on_this_stack(void)
{
    signal(SIGUSR1, count_call);
    install();
    run_on_fiber(signal_on_little_stack);
}

START_TEST(test_a_signal_without_room_for_its_handler_is_reported)
{
    if (RUNNING_ON_VALGRIND) {
        printf("skipped: Valgrind has signals handled where there is room\n");
        return;
    }
    play(handler_on_this_stack);
    ck_assert_str_eq(text, "gruvi: stack overflow in fiber \"glutton\": its "
                           "stack of 64 KiB has no room for the handler of a "
                           "signal, which came and is lost.  (A handler with "
                           "SA_ONSTACK needs none.)  Give it a larger one.\n");
    ck_died_of(SIGSEGV);
}
END_TEST

static void
handler_on_alternate_stack(void)
{
    struct sigaction action = {.sa_handler = count_call,
                               .sa_flags = SA_ONSTACK};

    sigaction(SIGUSR1, &action, NULL);
    install();
    run_on_fiber(signal_on_little_stack);
}

START_TEST(test_a_handler_on_the_alternate_stack_has_room)
{
#ifdef GRUVI__TSAN
    return; /* it puts handlers off */
#endif
    play(handler_on_alternate_stack);
    ck_assert_str_eq(text, "called");
}
END_TEST

/* ---- faults that are none ---- */

static char *hole; /* a page that faults */

static void
make_hole(void)
{
    hole = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (hole == MAP_FAILED)
        abort();
}

static void
touch_hole(void)
{
    gruvi__tools_after_switch(&current->tools);
    hole[17] = 1;
}

static void
fault_elsewhere(void)
{
    install();
    make_hole();
    run_on_fiber(touch_hole);
}

START_TEST(test_a_fault_elsewhere_is_not_an_overflow)
{
    play(fault_elsewhere);
    ck_assert_str_eq(text, "");
    ck_died_of(SIGSEGV);
}
END_TEST

static void
touch_guard_from_afar(void)
{
    gruvi__tools_after_switch(&current->tools);
    *(volatile char *)(current->stack.low - 100) = 1;
}

static void
stray_pointer(void)
{
    install();
    run_on_fiber(touch_guard_from_afar);
}

START_TEST(test_a_stray_pointer_into_the_guard_is_not_an_overflow)
{
    play(stray_pointer);
    ck_assert_str_eq(text, "");
    ck_died_of(SIGSEGV);
}
END_TEST

static void
get_signal(void)
{
    install();
    kill(getpid(), SIGSEGV);
    pause();
}

START_TEST(test_a_sigsegv_that_was_sent_kills_as_ever)
{
    play(get_signal);
    ck_assert_str_eq(text, "");
    ck_died_of(SIGSEGV);
}
END_TEST

static void
ignore_signal(void)
{
    signal(SIGSEGV, SIG_IGN);
    install();
    kill(getpid(), SIGSEGV);
    leave("ignored");
}

START_TEST(test_a_sigsegv_that_was_sent_and_ignored_stays_ignored)
{
    play(ignore_signal);
    ck_assert_str_eq(text, "ignored");
}
END_TEST

/* ---- handlers that were there before ---- */

static void
previous_with_info(int signum, siginfo_t *info, void *context)
{
    bool same = signum == SIGSEGV && info->si_addr == hole + 17;

    (void)context;
    leave(same ? "same fault" : "another fault");
}

static void
chain_with_info(void)
{
    struct sigaction action = {.sa_sigaction = previous_with_info,
                               .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &action, NULL);
    fault_elsewhere();
}

START_TEST(test_an_earlier_handler_gets_the_faults_of_others)
{
    play(chain_with_info);
    ck_assert_str_eq(text, "same fault");
}
END_TEST

static void
previous_plain(int signum)
{
    leave(signum == SIGSEGV ? "SIGSEGV" : "another signal");
}

static void
chain_plain(void)
{
    signal(SIGSEGV, previous_plain);
    fault_elsewhere();
}

START_TEST(test_an_earlier_handler_without_information_too)
{
    play(chain_plain);
    ck_assert_str_eq(text, "SIGSEGV");
}
END_TEST

static void
chain_and_overflow(void)
{
    signal(SIGSEGV, previous_plain);
    overflow_on_main_thread();
}

START_TEST(test_an_overflow_is_reported_before_an_earlier_handler)
{
    play(chain_and_overflow);
    ck_assert_str_eq(text, report);
    ck_died_of(SIGSEGV);
}
END_TEST

static void
chain_once(void)
{
    struct sigaction action = {.sa_handler = count_call,
                               .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGSEGV, &action, NULL);
    install();
    kill(getpid(), SIGSEGV);
    if (calls != 1)
        leave("not called");
    kill(getpid(), SIGSEGV);
    pause();
}

START_TEST(test_an_earlier_handler_for_one_fault_gets_one)
{
    play(chain_once);
    ck_assert_str_eq(text, "");
    ck_died_of(SIGSEGV);
}
END_TEST

static sigjmp_buf way_out;

static void
jump_out(int signum)
{
    siglongjmp(way_out, signum);
}

static void
recover_twice(void)
{
    volatile int recovered = 0;

    make_hole();
    signal(SIGSEGV, jump_out);
    install();
    while (recovered < 2) {
        if (sigsetjmp(way_out, 1) == 0)
            hole[recovered] = 1;
        recovered++;
    }
    leave("recovered twice");
}

START_TEST(test_an_earlier_handler_may_jump_out)
{
    play(recover_twice);
    ck_assert_str_eq(text, "recovered twice");
}
END_TEST

/* ---- alternate stacks ---- */

static bool
has_alternate_stack(void)
{
    stack_t now;

    return sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE) == 0;
}

static void *
use_alternate_stacks(void *arg)
{
    static char own[65536];
    stack_t none = {.ss_flags = SS_DISABLE};
    stack_t mine = {.ss_sp = own, .ss_size = sizeof own};
    const char **says = arg;

    sigaltstack(&none, NULL); /* sanitizers give one to each thread */
    *says = "well";
    if (gruvi__overflow_thread_enter() != 0 || !has_alternate_stack())
        *says = "none after enter";
    gruvi__overflow_thread_leave();
    if (has_alternate_stack())
        *says = "still there after leave";
    sigaltstack(&mine, NULL);
    if (gruvi__overflow_thread_enter() != 0)
        *says = "enter failed";
    gruvi__overflow_thread_leave();
    sigaltstack(&none, &mine);
    if (mine.ss_sp != own || mine.ss_flags & SS_DISABLE)
        *says = "the thread's own was replaced";
    return NULL;
}

START_TEST(test_a_thread_has_an_alternate_stack_between_enter_and_leave)
{
    const char *says = "no thread";
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, use_alternate_stacks, &says),
                     0);
    pthread_join(thread, NULL);
    ck_assert_str_eq(says, "well");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("overflow");
    TCase *tc = tcase_create("overflow");

    tcase_add_test(tc, test_an_overflow_names_the_fiber_and_dies_of_sigsegv);
    tcase_add_test(tc, test_an_overflow_into_an_mprotect_guard_does_too);
    tcase_add_test(tc, test_an_overflow_in_another_thread_does_too);
    tcase_add_test(tc, test_a_signal_without_room_for_its_handler_is_reported);
    tcase_add_test(tc, test_a_handler_on_the_alternate_stack_has_room);
    tcase_add_test(tc, test_a_fault_elsewhere_is_not_an_overflow);
    tcase_add_test(tc, test_a_stray_pointer_into_the_guard_is_not_an_overflow);
    tcase_add_test(tc, test_a_sigsegv_that_was_sent_kills_as_ever);
    tcase_add_test(tc, test_a_sigsegv_that_was_sent_and_ignored_stays_ignored);
    tcase_add_test(tc, test_an_earlier_handler_gets_the_faults_of_others);
    tcase_add_test(tc, test_an_earlier_handler_without_information_too);
    tcase_add_test(tc, test_an_overflow_is_reported_before_an_earlier_handler);
    tcase_add_test(tc, test_an_earlier_handler_for_one_fault_gets_one);
    tcase_add_test(tc, test_an_earlier_handler_may_jump_out);
    tcase_add_test(
        tc, test_a_thread_has_an_alternate_stack_between_enter_and_leave);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
