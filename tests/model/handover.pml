/* SPDX-License-Identifier: MIT */
/*
 * The hand-over of a lock to fibers of other hubs: lib/sync/lock.c and
 * lib/core/waitlist.c, with the wake-up of lib/core/schedule.c.
 *
 * One holds the lock and releases it; N fibers want it, ROUNDS times each,
 * with a timeout or without one.  What has to hold in every order of events:
 *
 *   - one owner at a time, and in the end none: nothing is lost;
 *   - no fiber without a timeout waits for ever: spin calls that an invalid
 *     end state;
 *   - nobody touches a waiter's frame when that has returned (alive), nor the
 *     lock when the last who waited for it has freed it (freed).
 *
 * -DBROKEN=n leaves out one of the steps this depends on; each is refuted:
 *
 *   1  the waiter does not wait until its waker has let go of it
 *   2  the waiter withdraws without a compare-and-swap
 *   3  the hub looks at the waiter before it lets wake-ups be posted again
 *   4  the waker unlocks before it has written down the next owner
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define N      2
#define ROUNDS 2
#define HOLDER 3

#define WAITING   0
#define CLAIMED   1
#define WITHDRAWN 2

bit spin, freed;
byte owner = HOLDER, inside, finished;
bit holder_done;

byte queue[N];
byte queued;

/* struct gruvi__waiter: on the frame of the call that waits */
bit alive[N + 1];
byte state[N + 1];
bit released[N + 1];

/* struct gruvi_fiber: lives on; node: is in the inbox */
bit wake_posted[N + 1];
bit node[N + 1];

inline spin_lock()
{
    atomic { spin == 0 -> spin = 1 };
    assert(!freed)
}

inline spin_unlock()
{
    assert(!freed);
    spin = 0
}

inline unlink(who)
{
    d_step {
        if
        :: queued > 0 && queue[0] == who -> queue[0] = queue[1]; queued--
        :: queued > 1 && queue[0] != who && queue[1] == who -> queued--
        :: else
        fi
    }
}

inline wake(who)
{
    assert(alive[who]);
    atomic { posted = wake_posted[who]; wake_posted[who] = 1 };
    if
    :: !posted -> node[who] = 1
    :: else
    fi;
    assert(alive[who]);
    released[who] = 1
}

inline release()
{
    spin_lock();
    next = 0;
    do
    :: queued == 0 -> break
    :: else ->
        next = queue[0];
        unlink(next);
        assert(alive[next]);
        atomic {
            if
            :: state[next] == WAITING -> state[next] = CLAIMED; break
            :: else -> next = 0
            fi
        }
    od;
    if
    :: BROKEN == 4 -> spin_unlock(); owner = next
    :: else -> owner = next; spin_unlock()
    fi;
    if
    :: next != 0 -> wake(next)
    :: else
    fi
}

proctype holder()
{
    byte next;
    bit posted;

    release();
    holder_done = 1
}

proctype fiber(byte me)
{
    byte round, next;
    bit posted, limited, withdrawn, had;

    do
    :: round == ROUNDS -> break
    :: else ->
        had = 0;
        alive[me] = 1;
        state[me] = WAITING;
        released[me] = 0;
        spin_lock();
        if
        :: owner == 0 ->
            owner = me;
            spin_unlock();
            goto has
        :: else ->
            queue[queued] = me;
            queued++;
            spin_unlock()
        fi;
        if
        :: limited = 0
        :: limited = 1
        fi;
park:
        if
        :: state[me] == CLAIMED -> goto granted
        :: else
        fi;
sleep:
        if
        :: node[me] ->
            node[me] = 0;
            if
            :: BROKEN == 3 ->
                if
                :: state[me] == CLAIMED -> wake_posted[me] = 0; goto granted
                :: else -> wake_posted[me] = 0; goto sleep
                fi
            :: else -> wake_posted[me] = 0; goto park
            fi
        :: limited
        fi;
        if
        :: BROKEN == 2 ->
            withdrawn = (state[me] == WAITING);
            if
            :: withdrawn -> state[me] = WITHDRAWN
            :: else
            fi
        :: else ->
            atomic {
                withdrawn = (state[me] == WAITING);
                if
                :: withdrawn -> state[me] = WITHDRAWN
                :: else
                fi
            }
        fi;
        if
        :: withdrawn ->
            spin_lock();
            unlink(me);
            spin_unlock();
            alive[me] = 0;
            goto done
        :: else
        fi;
granted:
        if
        :: BROKEN != 1 -> released[me]
        :: else
        fi;
has:
        alive[me] = 0;
        assert(owner == me);
        inside++;
        assert(inside == 1);
        inside--;
        release();
        had = 1;
done:
        round++
    od;
    /* The last one to have had it frees it, whatever others are still about. */
    atomic {
        finished++;
        if
        :: finished == N && had -> freed = 1
        :: else
        fi
    }
}

init
{
    atomic {
        run holder();
        run fiber(1);
        run fiber(2)
    };
    holder_done && finished == N;
    assert(owner == 0 && queued == 0 && spin == 0)
}
