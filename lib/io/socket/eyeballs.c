/* SPDX-License-Identifier: MIT */
/*
 * Happy eyeballs (RFC 8305): the addresses of a name are raced.
 *
 *   IPv6 a  |-------------------- ... closed
 *   IPv4 b       |-- refused
 *   IPv6 c          |------ connected
 *           <-----> attempt_delay
 *
 * The families take turns, IPv6 first.  The next attempt begins after a while,
 * or at once after a failure, while earlier attempts go on.  The first socket
 * that is connected wins; the rest are closed.
 *
 * One fiber makes all attempts.  Watches note in an attempt that it is ready,
 * and a deadline notes in the race that the next attempt is due.
 */
#include <stdlib.h>
#include <unistd.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>

#include "base/list.h"
#include "base/wheel.h"
#include "core/clock.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/schedule.h"
#include "core/wait.h"
#include "io/socket/dial.h"
#include "io/socket/starving.h"

struct race;

struct attempt {
    struct race *race;
    const struct addrinfo *info;
    bool pending; /* on its way */
    int fd;       /* valid while it is */
    bool ready;   /* to be checked */
};

struct race {
    gruvi_fiber_t *fiber;
    const struct gruvi__dial *dial;
    struct attempt *attempts; /* in the order in which they begin */
    size_t count, begun, open;
    struct gruvi__deadline next;
    bool next_due; /* another attempt may begin */
    int granted;   /* there is something to check */
    int err;       /* that tells most so far; 0: nothing has failed */
    int fd;        /* of the winner; -1: none yet */
    const struct addrinfo *winner;
};

/* --- the order -------------------------------------------------------------
 */

/* The next address that fits, of IPv6 or of IPv4. */
static const struct addrinfo *
next_in_family(const struct race *race, const struct addrinfo *info, bool ip6)
{
    while (info != NULL && ((info->ai_family == AF_INET6) != ip6 ||
                            !gruvi__dial_fits(race->dial, info)))
        info = info->ai_next;
    return info;
}

/* Within a family the resolver's order stays. */
static void
order_attempts(struct race *race, const struct addrinfo *first)
{
    const struct addrinfo *left[2] = {next_in_family(race, first, false),
                                      next_in_family(race, first, true)};
    bool ip6 = true;

    while (left[0] != NULL || left[1] != NULL) {
        if (left[ip6] != NULL) {
            race->attempts[race->count++].info = left[ip6];
            left[ip6] = next_in_family(race, left[ip6]->ai_next, ip6);
        }
        ip6 = !ip6;
    }
}

/* --- attempts ---------------------------------------------------------------
 */

/* How much an error tells about why there is no connection. */
static int
rank(int err)
{
    switch (err) {
    case 0:
        return 0;
    case UV_EAFNOSUPPORT:
    case UV_EADDRNOTAVAIL:
    case UV_ENETUNREACH:
    case UV_ENETDOWN:
        return 1; /* this machine has no such network */
    case UV_EHOSTUNREACH:
    case UV_ETIMEDOUT:
        return 2;
    default:
        return gruvi__dial_is_shortage(err) ? 4 : 3;
    }
}

/* An attempt has failed: the next attempt need not wait. */
static void
fail(struct race *race, int err)
{
    if (rank(err) >= rank(race->err))
        race->err = err;
    race->next_due = true;
    /* No other address would help. */
    if (gruvi__dial_is_shortage(err))
        race->count = race->begun;
}

static void
wake(struct race *race)
{
    race->granted = 1;
    gruvi__ready(race->fiber);
}

static void
on_ready(void *arg, unsigned events)
{
    struct attempt *attempt = arg;

    if (events == 0)
        return;
    attempt->ready = true;
    wake(attempt->race);
}

static void
on_next(struct gruvi__deadline *next)
{
    struct race *race = gruvi__list_entry(next, struct race, next);

    race->next_due = true;
    wake(race);
}

/* Its descriptor stays open. */
static void
end_attempt(struct attempt *attempt)
{
    gruvi__poll_forget(attempt->race->fiber->hub, attempt->fd, false);
    attempt->pending = false;
    attempt->race->open--;
}

static void
win(struct race *race, const struct attempt *attempt, int fd)
{
    race->fd = fd;
    race->winner = attempt->info;
}

static void
begin_attempt(struct race *race, struct attempt *attempt)
{
    int fd = gruvi__dial_socket(race->dial, attempt->info);
    int err = fd < 0 ? fd : gruvi__dial_step(fd, attempt->info);

    attempt->race = race;
    if (err == UV_EALREADY) {
        err = gruvi__poll_ask(race->fiber->hub, fd, UV_WRITABLE, on_ready,
                              attempt);
        if (err == 0) {
            attempt->pending = true;
            attempt->fd = fd;
            race->open++;
            return;
        }
    }
    if (err == 0) {
        win(race, attempt, fd);
        return;
    }
    if (fd >= 0)
        close(fd);
    fail(race, err);
}

/* Begin the attempts that are due, at least one if none is on its way. */
static void
begin_due(struct race *race)
{
    gruvi_hub_t *hub = race->fiber->hub;

    while (race->fd < 0 && race->begun < race->count &&
           (race->next_due || race->open == 0)) {
        gruvi__deadline_disarm(hub, &race->next);
        race->next_due = false;
        begin_attempt(race, &race->attempts[race->begun++]);
        if (race->dial->attempt_delay > 0 && race->begun < race->count)
            gruvi__deadline_arm(hub, &race->next,
                                gruvi__clock_due(race->dial->attempt_delay));
    }
}

/* See how far the attempts are that are ready, or all attempts. */
static void
check_attempts(struct race *race, bool all)
{
    struct attempt *attempt = race->attempts;
    int err;

    for (size_t i = 0; i < race->begun && race->fd < 0; i++, attempt++) {
        if (!attempt->pending || !(attempt->ready || all))
            continue;
        attempt->ready = false;
        err = gruvi__dial_step(attempt->fd, attempt->info);
        if (err == UV_EALREADY)
            continue;
        end_attempt(attempt);
        if (err == 0) {
            win(race, attempt, attempt->fd);
        } else {
            close(attempt->fd);
            fail(race, err);
        }
    }
}

/* --- the race ---------------------------------------------------------------
 */

/* Whether a wait would end now: then no attempt begins any more. */
static bool
is_over(const gruvi_fiber_t *fiber)
{
    return fiber->timed_out || (fiber->pending != 0 && fiber->shield == 0);
}

/* Until an attempt wins or all have failed; false: it was interrupted.  The
 * last check is for a fiber that could not run in time. */
static bool
run(struct race *race)
{
    for (;;) {
        if (race->begun == 0 || !is_over(race->fiber))
            begin_due(race);
        if (race->fd >= 0 || race->open == 0)
            return race->fd >= 0 || race->begun == race->count;
        race->granted = 0;
        if (!gruvi__wait_run(race->fiber, &race->granted, "connect")) {
            check_attempts(race, true);
            return race->fd >= 0;
        }
        check_attempts(race, false);
    }
}

static void
close_losers(struct race *race)
{
    for (size_t i = 0; i < race->begun; i++) {
        if (!race->attempts[i].pending)
            continue;
        end_attempt(&race->attempts[i]);
        close(race->attempts[i].fd);
    }
    gruvi__descriptor_closed();
}

int
gruvi__dial_race(gruvi_fiber_t *fiber, const struct gruvi__dial *dial,
                 const struct addrinfo *first, double timeout,
                 const struct addrinfo **winner)
{
    struct race race = {.fiber = fiber, .dial = dial, .fd = -1};
    const struct addrinfo *info;
    size_t n = 0;
    int err;

    for (info = first; info != NULL; info = info->ai_next)
        n++;
    race.attempts = calloc(n, sizeof *race.attempts);
    if (race.attempts == NULL)
        return UV_ENOMEM;
    race.next.fire = on_next;
    race.err = UV_EAFNOSUPPORT; /* where no address fits */
    order_attempts(&race, first);
    gruvi__wait_begin(fiber, timeout);
    err = gruvi__wait_end(fiber, run(&race));
    gruvi__deadline_disarm(fiber->hub, &race.next);
    close_losers(&race);
    free(race.attempts);
    *winner = race.winner;
    if (err == 0)
        err = race.fd >= 0 ? race.fd : race.err;
    return err;
}
