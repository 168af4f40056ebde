/* SPDX-License-Identifier: MIT */
/* Clients of the plugin spread: see hubs_clients.h. */
#include "daemon/hubs_clients.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING 13
#define TRIES    10000

struct place
read_place(int fd)
{
    struct place place = {.fd = fd};
    char text[GREETING + 1];

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(recv(fd, text, GREETING, MSG_WAITALL), GREETING);
    text[GREETING] = '\0';
    place.hub = atoi(text);
    place.thread = atoi(text + 4);
    ck_assert_int_gt(place.hub, 0);
    ck_assert_int_gt(place.thread, 0);
    return place;
}

struct place
connect_place(struct gruvid *g)
{
    return read_place(connect_to(g, 0));
}

struct place
connect_hub(struct gruvid *g, int hub)
{
    struct place place;
    int tries = 0;

    for (;;) {
        place = connect_place(g);
        if (place.hub == hub)
            return place;
        close(place.fd);
        ck_assert_int_lt(++tries, TRIES);
    }
}

void
echo_place(const struct place *place, const char *text)
{
    send_text(place->fd, text);
    expect_text(place->fd, text);
}

void
hold_place(const struct place *place)
{
    echo_place(place, "hold\n");
}
