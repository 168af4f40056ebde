/* SPDX-License-Identifier: MIT */
/*
 * Look-ups run in the IO pool, and cannot be stopped: the system's resolver
 * waits for its servers as long as it likes.  So a look-up is a block of memory
 * of its own, which belongs to no hub.  Fibers wait on it, and may leave at any
 * time.
 *
 *   fiber --+                                  +--> a thread of the IO pool
 *   fiber --+--> look-up --QUEUED--> ASKED ----+
 *   fiber --+       ^ at most share() of these   <-- answer: all are woken,
 *                                                   and each copies it
 *
 * A fiber that asks what is being asked already waits for that answer, even if
 * the fibers that asked before have given up.  So a name whose servers are
 * silent takes one thread, however often it is tried again, and all such names
 * together take their share of the pool: files do not wait for the resolver.
 *
 * Where no thread of the share is free, one more thread looks whether a name is
 * in the hosts file, and answers what is: however many names hang, "localhost"
 * does not.
 *
 *   QUEUED --> SIFTED --in the hosts file--> ANSWERED
 *                 |
 *                 +--not there--> QUEUED, until a thread of the share is free
 *
 * A look-up is dropped where no fiber waits for it and no thread has begun it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <gruvi/net.h>

#include "base/list.h"
#include "base/threads.h"
#include "core/wait.h"
#include "core/waitlist.h"
#include "io/socket/address.h"
#include "io/socket/lookup.h"
#include "pool/pool.h"

#define REMOTE 1 /* from sift_lookup(): the hosts file does not have it */

enum state { QUEUED, SIFTED, ASKED, ANSWERED };

struct lookup {
    struct gruvi__work work;
    struct gruvi__question question; /* its strings are in text */

    /* Under the lock until it is answered; after that nothing changes them. */
    struct gruvi__list link; /* on lookups, unless answered */
    struct gruvi__list waiters;
    enum state state;
    bool remote; /* the hosts file does not have it */
    int status;
    struct addrinfo *result; /* of getaddrinfo() */

    unsigned refs; /* under the lock: the waiters', and the pool's */
    char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gruvi__list lookups;     /* under the lock; oldest first */
static struct gruvi__list left_behind; /* under the lock; by a fork */
static unsigned asked;                 /* under the lock; how many are ASKED */
static bool sifting;                   /* under the lock; one is SIFTED */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
before_fork(void)
{
    gruvi__mutex_lock(&lock);
}

static void
after_fork(void)
{
    gruvi__mutex_unlock(&lock);
}

/* The child has neither the threads that would answer nor the fibers that wait.
 * The forking thread may be inside a look-up, so none is freed. */
static void
reset(void)
{
    struct gruvi__list *link;
    struct lookup *lookup;

    while ((link = gruvi__list_pop(&lookups)) != NULL) {
        lookup = gruvi__list_entry(link, struct lookup, link);
        lookup->state = ANSWERED;
        gruvi__list_init(&lookup->waiters);
        gruvi__list_add(&left_behind, link);
    }
    asked = 0;
    sifting = false;
    gruvi__mutex_unlock(&lock);
}

/* The pool's lock is taken inside ours, so the pool is made first. */
static void
init(void)
{
    gruvi_get_io_pool();
    gruvi__list_init(&lookups);
    gruvi__list_init(&left_behind);
    pthread_atfork(before_fork, after_fork, reset);
}

/* Threads: half of the pool, at least one. */
static unsigned
share(void)
{
    unsigned max = gruvi__io_threads();

    return max > 1 ? max / 2 : 1;
}

static int
ask(const struct gruvi__question *question, struct addrinfo **result)
{
    struct addrinfo hints = {.ai_flags = question->flags,
                             .ai_family = question->family,
                             .ai_socktype = question->socktype,
                             .ai_protocol = question->protocol};

    *result = NULL;
    errno = 0;
    return gruvi__addrinfo_error(
        /* NOLINTNEXTLINE(gruvi-blocking): in the pool, or needs no server */
        getaddrinfo(question->host, question->service, &hints, result));
}

/* --- the questions ----------------------------------------------------------
 */

static bool
is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
is_same(const struct gruvi__question *a, const struct gruvi__question *b)
{
    return a->flags == b->flags && a->family == b->family &&
           a->socktype == b->socktype && a->protocol == b->protocol &&
           is_same_text(a->host, b->host) &&
           is_same_text(a->service, b->service);
}

static struct lookup *
find(const struct gruvi__question *question)
{
    struct gruvi__list *link;
    struct lookup *lookup;

    for (link = lookups.next; link != &lookups; link = link->next) {
        lookup = gruvi__list_entry(link, struct lookup, link);
        if (is_same(&lookup->question, question))
            return lookup;
    }
    return NULL;
}

/* Copy text to *room, and move *room behind it. */
static const char *
keep(const char *text, char **room)
{
    size_t size;
    char *kept = *room;

    if (text == NULL)
        return NULL;
    size = strlen(text) + 1;
    *room += size;
    return memcpy(kept, text, size);
}

static void on_done(struct gruvi__work *work);

static struct lookup *
new_lookup(const struct gruvi__question *question)
{
    size_t host = question->host == NULL ? 0 : strlen(question->host) + 1;
    size_t service =
        question->service == NULL ? 0 : strlen(question->service) + 1;
    struct lookup *lookup = calloc(1, sizeof *lookup + host + service);
    char *room;

    if (lookup == NULL)
        return NULL;
    room = lookup->text;
    lookup->question = *question;
    lookup->question.host = keep(question->host, &room);
    lookup->question.service = keep(question->service, &room);
    lookup->work = (struct gruvi__work){.arg = lookup, .done = on_done};
    gruvi__list_init(&lookup->waiters);
    gruvi__list_add(&lookups, &lookup->link);
    return lookup;
}

/* "127.0.0.1", "127.1", "fe80::1%eth0" */
static bool
is_numeric_host(const char *host)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char at[sizeof(struct in6_addr)];
    size_t len = strcspn(host, "%");

    if (gruvi__address_is_number(host))
        return true;
    if (len >= sizeof text)
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(AF_INET6, text, at) == 1;
}

/* --- in the pool ----------------------------------------------------------
 */

/* Under the lock: an answer is there.  Its waiters are claimed, to be woken
 * when the lock is free. */
static void
answer(struct lookup *lookup, int status, struct gruvi__list *claimed)
{
    struct gruvi__waiter *waiter;

    lookup->state = ANSWERED;
    lookup->status = status;
    gruvi__list_remove(&lookup->link);
    while ((waiter = gruvi__waiter_claim_first(&lookup->waiters)) != NULL)
        gruvi__list_add(claimed, &waiter->link);
}

static int
run_lookup(void *arg, void **result)
{
    struct lookup *lookup = arg;

    (void)result;
    return ask(&lookup->question, &lookup->result);
}

/* The same, where no server has to be asked. */
static int
sift_lookup(void *arg, void **result)
{
    struct lookup *lookup = arg;
    const char *host = lookup->question.host;

    if (host != NULL && !is_numeric_host(host) && !gruvi__hosts_have(host))
        return REMOTE;
    return run_lookup(arg, result);
}

/* Under the lock: hand a look-up to the pool.  0, or why there is no thread. */
static int
submit(struct lookup *lookup, enum state state)
{
    int err;

    lookup->work.fn = state == SIFTED ? sift_lookup : run_lookup;
    err =
        gruvi__workers_add(&gruvi_get_io_pool()->workers, &lookup->work, NULL);
    if (err < 0)
        return err;
    lookup->state = state;
    lookup->refs++;
    if (state == SIFTED)
        sifting = true;
    else
        asked++;
    return 0;
}

/* Under the lock: the pool is done with it, or has not begun it. */
static void
come_back(struct lookup *lookup)
{
    if (lookup->state == SIFTED)
        sifting = false;
    else
        asked--;
}

/* Under the lock: hand look-ups to the pool, as many as the share allows, and
 * one more of those that may need no server. */
static void
hand_over(struct gruvi__list *claimed)
{
    unsigned most = share();
    struct gruvi__list *link, *next;
    struct lookup *lookup;
    int err = 0;

    for (link = lookups.next; link != &lookups; link = next) {
        next = link->next;
        lookup = gruvi__list_entry(link, struct lookup, link);
        if (asked >= most && sifting)
            break;
        if (lookup->state == QUEUED && asked < most)
            err = submit(lookup, ASKED);
        else if (lookup->state == QUEUED && !lookup->remote)
            err = submit(lookup, SIFTED);
        if (err < 0)
            answer(lookup, err, claimed);
        err = 0;
    }
}

/* Under the lock, which is released. */
static void
unlock_and_wake(struct gruvi__list *claimed)
{
    struct gruvi__list *link;

    gruvi__mutex_unlock(&lock);
    while ((link = gruvi__list_pop(claimed)) != NULL)
        gruvi__waiter_wake(gruvi__list_entry(link, struct gruvi__waiter, link));
}

/* Under the lock.  True: the caller frees the look-up when the lock is free. */
static bool
drop(struct lookup *lookup)
{
    return --lookup->refs == 0;
}

static void
free_lookup(struct lookup *lookup)
{
    if (lookup->result != NULL)
        freeaddrinfo(lookup->result);
    free(lookup);
}

/* Under the lock: the pool is done with it. */
static void
settle(struct lookup *lookup, int status, struct gruvi__list *claimed)
{
    come_back(lookup);
    if (status != REMOTE) {
        answer(lookup, status, claimed);
    } else if (gruvi__list_empty(&lookup->waiters)) {
        gruvi__list_remove(&lookup->link);
    } else {
        lookup->state = QUEUED;
        lookup->remote = true;
    }
}

static void
on_done(struct gruvi__work *work)
{
    struct lookup *lookup = gruvi__list_entry(work, struct lookup, work);
    struct gruvi__list claimed;
    bool last;

    gruvi__list_init(&claimed);
    gruvi__mutex_lock(&lock);
    if (lookup->state != ANSWERED)
        settle(lookup, work->status, &claimed);
    else
        gruvi__list_remove(&lookup->link); /* it was left behind */
    last = drop(lookup);
    hand_over(&claimed);
    unlock_and_wake(&claimed);
    if (last)
        free_lookup(lookup);
}

/* --- the fibers that wait ---------------------------------------------------
 */

/* 0, or UV_ENOMEM. */
static int
join(const struct gruvi__question *question, struct gruvi__waiter *waiter,
     struct lookup **lookup)
{
    struct gruvi__list claimed;
    struct lookup *l;

    gruvi__list_init(&claimed);
    gruvi__mutex_lock(&lock);
    l = find(question);
    if (l == NULL)
        l = new_lookup(question);
    if (l != NULL) {
        l->refs++;
        gruvi__list_add(&l->waiters, &waiter->link);
        hand_over(&claimed);
    }
    unlock_and_wake(&claimed);
    *lookup = l;
    return l == NULL ? UV_ENOMEM : 0;
}

/* Under the lock: drop it where no fiber waits and no thread has begun. */
static void
withdraw(struct lookup *lookup)
{
    if (!gruvi__list_empty(&lookup->waiters) || lookup->state == ANSWERED)
        return;
    if (lookup->state != QUEUED) {
        if (!gruvi__work_withdraw(&lookup->work))
            return;
        come_back(lookup);
        drop(lookup);
    }
    gruvi__list_remove(&lookup->link);
}

static void
leave(struct lookup *lookup, struct gruvi__waiter *waiter)
{
    struct gruvi__list claimed;
    bool last;

    gruvi__list_init(&claimed);
    gruvi__mutex_lock(&lock);
    gruvi__list_remove(&waiter->link);
    withdraw(lookup);
    hand_over(&claimed);
    last = drop(lookup);
    unlock_and_wake(&claimed);
    if (last)
        free_lookup(lookup);
}

/* A service may be a name as well. */
static bool
is_numeric(const struct gruvi__question *question)
{
    const char *host = question->host, *service = question->service;

    return (host == NULL || is_numeric_host(host)) &&
           (service == NULL || service[strspn(service, "0123456789")] == '\0');
}

/* In this thread: the question needs no server, or this thread is of the pool.
 */
static int
look_up_here(const struct gruvi__question *question, struct addrinfo **result)
{
    struct addrinfo *found;
    int err = ask(question, &found);

    if (err < 0)
        return err;
    err = gruvi__addrinfo_copy(found, result);
    freeaddrinfo(found);
    return err;
}

int
gruvi__look_up(gruvi_fiber_t *fiber, const struct gruvi__question *question,
               double timeout, struct addrinfo **result)
{
    gruvi_pool_t *pool = gruvi_get_io_pool();
    struct gruvi__waiter waiter;
    struct lookup *lookup;
    int err;

    gruvi__once(&once, init);
    if (is_numeric(question) || pool->ops->is_inside(pool))
        return look_up_here(question, result);
    if ((err = gruvi__pool_deliver_pending(fiber, "resolve")) < 0)
        return err;
    gruvi__waiter_init(&waiter, fiber);
    if ((err = join(question, &waiter, &lookup)) < 0)
        return err;
    err = gruvi__waiter_wait(&waiter, "resolve", timeout);
    if (err == 0)
        err = lookup->status;
    if (err == 0)
        err = gruvi__addrinfo_copy(lookup->result, result);
    leave(lookup, &waiter);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_getaddrinfo(const char *host, const char *service,
                  const struct addrinfo *hints, struct addrinfo **result,
                  double timeout)
{
    struct gruvi__question question = {.host = host, .service = service};
    gruvi_fiber_t *fiber;
    int err;

    if (result == NULL)
        return UV_EINVAL;
    *result = NULL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (host == NULL && service == NULL)
        return UV_EINVAL;
    if (hints != NULL) {
        question.flags = hints->ai_flags;
        question.family = hints->ai_family;
        question.socktype = hints->ai_socktype;
        question.protocol = hints->ai_protocol;
    } else {
        question.flags = AI_V4MAPPED | AI_ADDRCONFIG;
    }
    if ((err = gruvi__yield_sometimes(fiber)) < 0)
        return err;
    return gruvi__look_up(fiber, &question, timeout, result);
}
