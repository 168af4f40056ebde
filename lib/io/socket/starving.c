/* SPDX-License-Identifier: MIT */
/* See starving.h.  A call's place on the list is on the stack of its fiber. */
#include "base/likely.h"
#include "io/socket/starving.h"

struct place {
    struct place *next;
    struct gruvi__side *side;
};

static __thread struct place *starving;

int
gruvi__starve(struct gruvi__call *call, double secs)
{
    struct place place = {.next = starving, .side = call->side};
    struct place **link = &starving;
    int err;

    starving = &place;
    err = gruvi__call_sleep(call, secs);
    while (*link != &place)
        link = &(*link)->next;
    *link = place.next;
    return err;
}

void
gruvi__descriptor_closed(void)
{
    const struct place *place;

    for (place = starving; gruvi__unlikely(place != NULL); place = place->next)
        gruvi__side_wake(place->side);
}
