/* SPDX-License-Identifier: MIT */
/*
 * What threads of the library do, as lib/base/threads.h says: each call is a
 * point, and then what the C library does, or a wait for the baton in its
 * place.
 */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/threads.h"
#include "explore/memory.h"
#include "explore/sim_inside.h"

static void
check_word(const volatile void *word, const char *where)
{
    const char *gone = sim_memory_gone(sim_self, word);

    if (gone != NULL)
        sim_fail("%s: a word %s", where, gone);
}

void
gruvi__sim_reads(const volatile void *word, const char *where)
{
    if (sim_self == NULL)
        return;
    sim_stand(where);
    sim_show("reads");
    check_word(word, where);
    sim_self->seen = word;
    sim_self->written = false;
}

static void
tell_spinners(const volatile void *word)
{
    for (int i = 0; i < sim.n; i++)
        if (sim.threads[i].seen == word)
            sim.threads[i].written = true;
}

void
gruvi__sim_writes(const volatile void *word, const char *where)
{
    if (sim_self == NULL)
        return;
    sim_stand(where);
    sim_show("writes");
    check_word(word, where);
    tell_spinners(word);
    sim_self->seen = word;
    sim_self->written = false;
}

void
gruvi__sim_gives(const char *where)
{
    if (sim_self != NULL)
        sim_stand(where);
}

bool
gruvi__sim_fails(void)
{
    return sim_self != NULL && sim_fault(1) != 0;
}

void
gruvi__sim_spins(const char *where)
{
    bool written;

    if (sim_self == NULL)
        return;
    sim_self->where = where;
    written = sim_self->written;
    if (written)
        sim_stand(where);
    else
        sim_block(SPIN, sim_self->seen, UINT64_MAX);
}

/* The place of a mutex that is held, or a free one. */
static struct mutex *
place_of(const pthread_mutex_t *mutex)
{
    struct mutex *place = NULL;

    for (size_t i = 0; i < 32; i++)
        if (sim.mutexes[i].owner == NULL)
            place = &sim.mutexes[i];
        else if (sim.mutexes[i].mutex == mutex)
            return &sim.mutexes[i];
    if (place == NULL)
        sim_fail("too many mutexes");
    return place;
}

int
gruvi__sim_mutex_lock(pthread_mutex_t *mutex, const char *where)
{
    if (sim_self == NULL)
        return pthread_mutex_lock(mutex);
    sim_stand(where);
    sim_show("locks");
    check_word(mutex, where);
    while (sim_owner_of(mutex) != NULL)
        sim_block(MUTEX, mutex, UINT64_MAX);
    check_word(mutex, where);
    *place_of(mutex) = (struct mutex){mutex, sim_self};
    return pthread_mutex_lock(mutex);
}

int
gruvi__sim_mutex_unlock(pthread_mutex_t *mutex, const char *where)
{
    int err;

    if (sim_self == NULL)
        return pthread_mutex_unlock(mutex);
    sim_stand(where);
    sim_show("unlocks");
    check_word(mutex, where);
    place_of(mutex)->owner = NULL;
    err = pthread_mutex_unlock(mutex);
    sim_stand(where);
    return err;
}

int
gruvi__sim_once(pthread_once_t *once, void (*fn)(void))
{
    int err;

    if (sim_self != NULL)
        sim_self->held++;
    err = pthread_once(once, fn);
    if (sim_self != NULL)
        sim_self->held--;
    return err;
}

int
gruvi__sim_thread_create(pthread_t *out, const pthread_attr_t *attr,
                         void *(*fn)(void *arg), void *arg)
{
    struct sim_thread *thread;
    int err;

    if (sim_self == NULL)
        return pthread_create(out, attr, fn, arg);
    thread = sim_new_thread();
    thread->start = fn;
    thread->arg = arg;
    (void)attr;
    err = sim_start(thread);
    /* Its real name is another thread's as soon as it has ended. */
    *out = (pthread_t)(uintptr_t)thread;
    return err;
}

int
gruvi__sim_thread_join(pthread_t name, void **result)
{
    struct sim_thread *thread = (struct sim_thread *)(uintptr_t)name;

    if (sim_self == NULL)
        return pthread_join(name, result);
    sim_end(thread);
    if (result != NULL)
        *result = thread->result;
    return 0;
}

int
gruvi__sim_thread_detach(pthread_t thread)
{
    return sim_self == NULL ? pthread_detach(thread) : 0;
}

void
gruvi__sim_futex_wait(const int *word, int value,
                      const struct timespec *timeout, const char *where)
{
    uint64_t due = UINT64_MAX;

    if (sim_self == NULL) {
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout, NULL, 0);
        return;
    }
    sim_stand(where);
    if (*word != value)
        return;
    if (timeout != NULL)
        due = sim.now + (uint64_t)timeout->tv_sec * 1000000000 +
              (uint64_t)timeout->tv_nsec;
    sim_block(FUTEX, word, due);
}

void
gruvi__sim_futex_wake(const int *word, const char *where)
{
    if (sim_self == NULL) {
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        return;
    }
    sim_stand(where);
    sim_show("wakes");
    for (int i = 0; i < sim.n; i++)
        if (sim.threads[i].why == FUTEX && sim.threads[i].on == word &&
            !sim.threads[i].told) {
            sim.threads[i].told = true;
            return;
        }
}

ssize_t
gruvi__sim_eventfd_write(int fd, const void *data, size_t size)
{
    ssize_t n;

    if (sim_self != NULL) {
        sim_stand("gruvi__eventfd_write()");
        sim_show("rings");
        if (sim_fault(1) != 0) {
            errno = EINTR;
            return -1;
        }
    }
    n = write(fd, data, size);
    if (n < 0 && errno == EBADF && sim_self != NULL)
        sim_fail("gruvi__eventfd_write(): a descriptor that was closed");
    return n;
}

ssize_t
gruvi__sim_eventfd_read(int fd, void *data, size_t size)
{
    if (sim_self != NULL) {
        unsigned fault;

        sim_stand("gruvi__eventfd_read()");
        sim_show("reads");
        fault = sim_fault(2);
        if (fault != 0) {
            errno = fault == 1 ? EINTR : EAGAIN;
            return -1;
        }
    }
    return read(fd, data, size);
}

int
gruvi__sim_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    int n;

    if (sim_self == NULL)
        return epoll_wait(fd, events, max, timeout);
    sim_stand("gruvi__epoll_wait()");
    n = epoll_wait(fd, events, max, 0);
    if (n != 0 || timeout == 0)
        return n;
    sim_self->fd = fd;
    sim_block(LOOP, NULL,
              timeout < 0 ? UINT64_MAX : sim.now + (uint64_t)timeout * 1000000);
    if (sim_self->disturbed) {
        errno = EINTR;
        return -1;
    }
    return epoll_wait(fd, events, max, 0);
}

int
gruvi__sim_clock_gettime(clockid_t clock, struct timespec *now)
{
    if (sim_self == NULL)
        return clock_gettime(clock, now);
    now->tv_sec = (time_t)(sim.now / 1000000000);
    now->tv_nsec = (long)(sim.now % 1000000000);
    return 0;
}
