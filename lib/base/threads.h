/* SPDX-License-Identifier: MIT */
/*
 * What threads do to one another goes through here, and nowhere else: atomic
 * words, mutexes, futexes, the eventfd of a hub and its sleep, threads that
 * begin and are joined; and the clock.
 *
 * Each name is what the compiler or the C library offers.  But with
 * GRUVI_SIMULATE, as the tests in tests/explore are built, each is also a point
 * at which another thread may go on: which one does is drawn, written down, and
 * can be had again.  See tests/explore/sim.h.
 *
 *   gruvi__figure_*  a number that others only show, or a setting: nothing
 *                    depends on when they see it, so it is no such point
 */
#ifndef GRUVI_BASE_THREADS_H
#define GRUVI_BASE_THREADS_H

#define gruvi__figure_load(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define gruvi__figure_store(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)

#ifndef GRUVI_SIMULATE

#define GRUVI__SIMULATED 0

/* Orders are those of the compiler: __ATOMIC_ACQUIRE. */
#define gruvi__atomic_load             __atomic_load_n
#define gruvi__atomic_store            __atomic_store_n
#define gruvi__atomic_exchange         __atomic_exchange_n
#define gruvi__atomic_compare_exchange __atomic_compare_exchange_n
#define gruvi__atomic_fetch_add        __atomic_fetch_add
#define gruvi__atomic_fetch_sub        __atomic_fetch_sub
#define gruvi__atomic_fetch_or         __atomic_fetch_or
#define gruvi__atomic_fetch_and        __atomic_fetch_and
#define gruvi__atomic_add_fetch        __atomic_add_fetch
#define gruvi__atomic_sub_fetch        __atomic_sub_fetch

#define gruvi__mutex_lock      pthread_mutex_lock
#define gruvi__mutex_unlock    pthread_mutex_unlock
#define gruvi__uv_mutex_lock   uv_mutex_lock
#define gruvi__uv_mutex_unlock uv_mutex_unlock
#define gruvi__once            pthread_once
#define gruvi__thread_create   pthread_create
#define gruvi__thread_join     pthread_join
#define gruvi__thread_detach   pthread_detach

/* Of a word that this process alone uses; NULL: no timeout. */
#define gruvi__futex_wait(word, value, timeout)                                \
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout, NULL, 0)
#define gruvi__futex_wake(word)                                                \
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0)

#define gruvi__eventfd_write write
#define gruvi__eventfd_read  read
#define gruvi__epoll_wait    epoll_wait
#define gruvi__sched_yield   sched_yield
#define gruvi__clock_gettime clock_gettime

#else

#define GRUVI__SIMULATED 1

#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <time.h>

/*
 * Where: file and line, for a report.  Another thread may go on before this one
 * reads or writes a word; before it spins once more, as long as the word that
 * it has read last is not written.
 */
void gruvi__sim_reads(const volatile void *word, const char *where);
void gruvi__sim_writes(const volatile void *word, const char *where);
void gruvi__sim_spins(const char *where);
void gruvi__sim_gives(const char *where);
bool gruvi__sim_fails(void);

int gruvi__sim_mutex_lock(pthread_mutex_t *mutex, const char *where);
int gruvi__sim_mutex_unlock(pthread_mutex_t *mutex, const char *where);
int gruvi__sim_once(pthread_once_t *once, void (*fn)(void));
int gruvi__sim_thread_create(pthread_t *thread, const pthread_attr_t *attr,
                             void *(*fn)(void *arg), void *arg);
int gruvi__sim_thread_join(pthread_t thread, void **result);
int gruvi__sim_thread_detach(pthread_t thread);
void gruvi__sim_futex_wait(const int *word, int value,
                           const struct timespec *timeout, const char *where);
void gruvi__sim_futex_wake(const int *word, const char *where);
ssize_t gruvi__sim_eventfd_write(int fd, const void *data, size_t size);
ssize_t gruvi__sim_eventfd_read(int fd, void *data, size_t size);
int gruvi__sim_epoll_wait(int fd, struct epoll_event *events, int max,
                          int timeout);
int gruvi__sim_clock_gettime(clockid_t clock, struct timespec *now);

#define GRUVI__SIM_TEXT(x)   GRUVI__SIM_QUOTED(x)
#define GRUVI__SIM_QUOTED(x) #x
#define GRUVI__SIM_HERE      __FILE__ ":" GRUVI__SIM_TEXT(__LINE__)

#define gruvi__atomic_load(p, order)                                           \
    (gruvi__sim_reads(p, GRUVI__SIM_HERE), __atomic_load_n(p, order))

/*
 * The value is computed before the point, as it is without.  After what gives
 * something to others there is a point, too: so this thread is seen to use it
 * still.
 */
#define gruvi__sim_set(p, v, operation)                                        \
    __extension__({                                                            \
        __typeof__(p) p_ = (p);                                                \
        __typeof__(*(p)) v_ = (__typeof__(*(p)))(v);                           \
        gruvi__sim_writes(p_, GRUVI__SIM_HERE);                                \
        operation;                                                             \
        gruvi__sim_gives(GRUVI__SIM_HERE);                                     \
    })
#define gruvi__sim_change(p, v, gives, operation)                              \
    __extension__({                                                            \
        __typeof__(p) p_ = (p);                                                \
        __typeof__(*(p)) v_ = (__typeof__(*(p)))(v);                           \
        gruvi__sim_writes(p_, GRUVI__SIM_HERE);                                \
        __typeof__(operation) result_ = operation;                             \
        if (gives)                                                             \
            gruvi__sim_gives(GRUVI__SIM_HERE);                                 \
        result_;                                                               \
    })

#define gruvi__atomic_store(p, v, order)                                       \
    gruvi__sim_set(p, v, __atomic_store_n(p_, v_, order))
#define gruvi__atomic_exchange(p, v, order)                                    \
    gruvi__sim_change(p, v, (order) == __ATOMIC_RELEASE,                       \
                      __atomic_exchange_n(p_, v_, order))
/* A weak one may fail without a reason, as on processors that have two
 * instructions for it. */
#define gruvi__atomic_compare_exchange(p, from, v, weak, success, failure)     \
    gruvi__sim_change(p, v, (success) == __ATOMIC_RELEASE,                     \
                      !((weak) && gruvi__sim_fails()) &&                       \
                          __atomic_compare_exchange_n(p_, from, v_, false,     \
                                                      success, failure))
#define gruvi__atomic_fetch_add(p, v, order)                                   \
    gruvi__sim_change(p, v, false, __atomic_fetch_add(p_, v_, order))
#define gruvi__atomic_fetch_sub(p, v, order)                                   \
    gruvi__sim_change(p, v, true, __atomic_fetch_sub(p_, v_, order))
#define gruvi__atomic_fetch_or(p, v, order)                                    \
    gruvi__sim_change(p, v, false, __atomic_fetch_or(p_, v_, order))
#define gruvi__atomic_fetch_and(p, v, order)                                   \
    gruvi__sim_change(p, v, false, __atomic_fetch_and(p_, v_, order))
#define gruvi__atomic_add_fetch(p, v, order)                                   \
    gruvi__sim_change(p, v, false, __atomic_add_fetch(p_, v_, order))
#define gruvi__atomic_sub_fetch(p, v, order)                                   \
    gruvi__sim_change(p, v, true, __atomic_sub_fetch(p_, v_, order))

#define gruvi__mutex_lock(m)      gruvi__sim_mutex_lock(m, GRUVI__SIM_HERE)
#define gruvi__mutex_unlock(m)    gruvi__sim_mutex_unlock(m, GRUVI__SIM_HERE)
#define gruvi__uv_mutex_lock(m)   gruvi__sim_mutex_lock(m, GRUVI__SIM_HERE)
#define gruvi__uv_mutex_unlock(m) gruvi__sim_mutex_unlock(m, GRUVI__SIM_HERE)
#define gruvi__once               gruvi__sim_once
#define gruvi__thread_create      gruvi__sim_thread_create
#define gruvi__thread_join        gruvi__sim_thread_join
#define gruvi__thread_detach      gruvi__sim_thread_detach
#define gruvi__futex_wait(word, value, timeout)                                \
    gruvi__sim_futex_wait((const int *)(word), (int)(value), timeout,          \
                          GRUVI__SIM_HERE)
#define gruvi__futex_wake(word)                                                \
    gruvi__sim_futex_wake((const int *)(word), GRUVI__SIM_HERE)
#define gruvi__eventfd_write gruvi__sim_eventfd_write
#define gruvi__eventfd_read  gruvi__sim_eventfd_read
#define gruvi__epoll_wait    gruvi__sim_epoll_wait
#define gruvi__sched_yield() gruvi__sim_spins(GRUVI__SIM_HERE)
#define gruvi__clock_gettime gruvi__sim_clock_gettime

#endif

#endif
