/* SPDX-License-Identifier: MIT */
/*
 * Tell the sanitizers about the contexts that come and go; see the header.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_getattr_np */
#endif
#include "base/context_tools.h"

#if defined(GRUVI__ASAN) || defined(GRUVI__TSAN)

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>

#ifdef GRUVI__TSAN
/* Of this thread, while it switches. */
static __thread sigset_t held;

/* What ran when it was destroyed: until it is left. */
static __thread void *doomed;

void
gruvi__tools_hold_signals(void)
{
    sigset_t most;

    sigfillset(&most);
    sigdelset(&most, SIGSEGV);
    sigdelset(&most, SIGBUS);
    sigdelset(&most, SIGFPE);
    sigdelset(&most, SIGILL);
    sigdelset(&most, SIGABRT);
    sigdelset(&most, SIGTRAP);
    pthread_sigmask(SIG_SETMASK, &most, &held);
}

void
gruvi__tools_let_signals(void)
{
    if (doomed != NULL && doomed != __tsan_get_current_fiber()) {
        __tsan_destroy_fiber(doomed);
        doomed = NULL;
    }
    pthread_sigmask(SIG_SETMASK, &held, NULL);
}
#endif

void
gruvi__tools_will_block(void)
{
#ifdef GRUVI__TSAN
    struct epoll_event event;

    gruvi__tools_hold_signals();
    epoll_wait(-1, &event, 1, 0);
    gruvi__tools_let_signals();
#endif
}

void
gruvi__tools_init_thread(struct gruvi__context_tools *tools)
{
    memset(tools, 0, sizeof(*tools));
    gruvi__tools_will_block();
#ifdef GRUVI__ASAN
    pthread_attr_t attr;
    void *low;

    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        __builtin_trap();
    pthread_attr_getstack(&attr, &low, &tools->size);
    pthread_attr_destroy(&attr);
    tools->low = low;
#endif
#ifdef GRUVI__TSAN
    tools->fiber = __tsan_get_current_fiber();
#endif
}

void
gruvi__tools_init(struct gruvi__context_tools *tools, const void *low,
                  size_t size)
{
    (void)low;
    (void)size;
    memset(tools, 0, sizeof(*tools));
#ifdef GRUVI__ASAN
    tools->low = low;
    tools->size = size;
#endif
#ifdef GRUVI__TSAN
    gruvi__tools_hold_signals(); /* it switches there and back */
    tools->fiber = __tsan_create_fiber(0);
    gruvi__tools_let_signals();
#endif
}

void
gruvi__tools_destroy(struct gruvi__context_tools *tools)
{
    (void)tools;
#ifdef GRUVI__TSAN
    if (tools->fiber == __tsan_get_current_fiber()) {
        doomed = tools->fiber;
        return;
    }
    gruvi__tools_hold_signals(); /* it switches there and back, too */
    __tsan_destroy_fiber(tools->fiber);
    gruvi__tools_let_signals();
#endif
}

#endif
