/* SPDX-License-Identifier: MIT */
#include "nats/talk.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"

static struct {
    const struct gruvid *g; /* NULL: it is closed */
    int fd;
} clients[1000];
static size_t n_clients;

void
talk_prepare(void)
{
    http_bring("tests/daemon/plugins/.libs/talks.so");
    n_clients = 0;
}

struct gruvid *
talk_begin(const struct bus_server *server, const char *lines)
{
    struct gruvid *g = bus_gruvid_begin(server, lines, TALKS);

    gruvid_says(g, "gruvid: ready");
    gruvid_says(g, "connected to tcp://");
    return g;
}

/* http has the first port. */
int
talk_to(struct gruvid *g)
{
    int fd = connect_to(g, 1);

    ck_assert_uint_lt(n_clients, sizeof clients / sizeof *clients);
    clients[n_clients].g = g;
    clients[n_clients++].fd = fd;
    return fd;
}

static void
expect(int fd, const char *line, const char *answer)
{
    char said[1024];
    size_t size = strlen(answer) + 1, n = 0;

    ck_assert_uint_le(size, sizeof said);
    while (n < size &&
           (n == 0 || said[n - 1] != '\n' || strncmp(said, answer, n) == 0)) {
        ck_assert_msg(recv(fd, said + n, 1, 0) == 1, "%.100s: no answer", line);
        n++;
    }
    ck_assert_msg(n == size && strncmp(said, answer, n - 1) == 0,
                  "%.100s: %.*s, not %s", line, (int)n, said, answer);
}

void
says(int fd, const char *line, const char *answer)
{
    static char text[70000];

    snprintf(text, sizeof text, "%s\n", line);
    send_text(fd, text);
    expect(fd, line, answer);
}

void
says_then(int fd, const char *answer)
{
    expect(fd, "then", answer);
}

void
talk_leave(const struct gruvid *g)
{
    for (size_t i = 0; i < n_clients; i++)
        if (clients[i].g == g) {
            close(clients[i].fd);
            clients[i].g = NULL;
        }
}

void
talk_stop(struct gruvid *g)
{
    talk_leave(g);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}

const char *
talk_api(const struct bus_server *server, const char *what, const char *text)
{
    static char answer[4096];
    char subject[200];
    struct bus *bus = bus_open(server->port);
    struct letter letter;

    snprintf(subject, sizeof subject, "$JS.API.%s", what);
    bus_request(bus, subject, NULL, text, strlen(text));
    bus_read(bus, &letter);
    snprintf(answer, sizeof answer, "%s", letter.body);
    letter_free(&letter);
    bus_close(bus);
    return answer;
}
