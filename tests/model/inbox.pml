/* SPDX-License-Identifier: MIT */
/*
 * The inbox of a hub, lib/core/inbox.c, and gruvi__hub_poll() of hub_poll.c:
 * some producers push, the hub takes all off, sleeps when there is nothing, and
 * closes the inbox at any time.
 *
 *   - what was accepted is run, once; what comes after the closing is refused;
 *   - the hub does not sleep on while something is there: spin calls that an
 *     invalid end state.
 *
 * Both sides of the flag are sequentially consistent in the code, as all is
 * here.  -DBROKEN=n leaves something out, which is refuted:
 *
 *   1  the hub looks whether there is something, then says that it sleeps
 *   2  the producer looks whether the hub sleeps, then pushes
 *   3  the hub closes with a store, not an exchange
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define PRODUCERS 2
#define PUSHES    2
#define CLOSED    255

byte head;     /* how many are in it; a push that finds another one retries */
bit sleeping;  /* the hub may block */
bit fd;        /* the eventfd is readable */
byte accepted, ran, done;

proctype producer()
{
    byte i, seen;
    bit asleep, pushed;

    do
    :: i == PUSHES -> break
    :: else ->
        if
        :: BROKEN == 2 -> asleep = sleeping
        :: else
        fi;
        pushed = 0;
        seen = head;
        do
        :: pushed || seen == CLOSED -> break
        :: else ->
            atomic {
                if
                :: head == seen -> head = seen + 1; accepted++; pushed = 1
                :: else -> seen = head
                fi
            }
        od;
        if
        :: BROKEN != 2 -> asleep = sleeping
        :: else
        fi;
        if
        :: pushed && asleep ->
            atomic { asleep = sleeping; sleeping = 0 };
            if
            :: asleep -> fd = 1
            :: else
            fi
        :: else
        fi;
        i++
    od;
    done++
}

proctype hub()
{
    byte taken;
    bit work;

    do
    :: true ->
        atomic { taken = head; head = 0 };
        ran = ran + taken;
        if
        :: BROKEN == 1 -> work = head != 0; sleeping = 1
        :: else -> sleeping = 1; work = head != 0
        fi;
        if
        :: work -> fd = 0
        :: else ->
            /* With nothing left, and nobody who pushes, it may sleep on. */
            if
            :: fd -> fd = 0
            :: done == PRODUCERS && head == 0
            fi
        fi;
        sleeping = 0
    :: true -> break
    od;
    if
    :: BROKEN == 3 -> taken = head; head = CLOSED
    :: else -> atomic { taken = head; head = CLOSED }
    fi;
    ran = ran + taken;
    done == PRODUCERS;
    assert(ran == accepted)
}

init
{
    byte i;

    atomic {
        run hub();
        for (i : 1 .. PRODUCERS) {
            run producer()
        }
    }
}
