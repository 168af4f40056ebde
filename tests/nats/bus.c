/* SPDX-License-Identifier: MIT */
#include "nats/bus.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http/client.h"
#include "support/port.h"

/* --- servers -------------------------------------------------------------- */

void
bus_need(void)
{
    need_program("nats-server");
}

void
bus_prepare(struct bus_server *server)
{
    memset(server, 0, sizeof *server);
    server_prepare(&server->server);
    server->server.ready = "Server is ready";
    server->reserved = reserve_port(&server->port);
}

void
bus_remove(struct bus_server *server)
{
    server_remove(&server->server);
    close(server->reserved);
}

void
bus_begin(struct bus_server *server, const char *config)
{
    char port[16];
    FILE *f = fopen(server_path(&server->server, "conf"), "w");

    ck_assert_ptr_nonnull(f);
    fputs(config, f);
    fclose(f);
    snprintf(port, sizeof port, "%d", server->port);
    server_begin(&server->server,
                 (const char *[]){"nats-server", "-a", "127.0.0.1", "-p", port,
                                  "-c", "conf", NULL});
}

void
bus_end(struct bus_server *server)
{
    server_end(&server->server);
}

void
bus_stop(struct bus_server *server)
{
    int usual = server->server.end_signal;

    server->server.end_signal = SIGTERM;
    server_end(&server->server);
    server->server.end_signal = usual;
}

static int hubs = 1;

void
bus_hubs(int n)
{
    hubs = n;
}

static const char *const *env;

void
bus_env(const char *const *more)
{
    env = more;
}

static const char *scheme = "nats://127.0.0.1";

void
bus_scheme(const char *beginning)
{
    scheme = beginning;
}

const char *
bus_config(const struct bus_server *server, const char *lines,
           const char *sections)
{
    static char config[8192];

    snprintf(config, sizeof config,
             "[gruvid]\ndrain_timeout = 1000s\nhubs = %d\n"
             "control = @DIR@/control.sock\n"
             "[plugin http]\nlisten = tcp://127.0.0.1:0\n"
             "route = /metrics -> metrics\nroute = /{path...} -> mirror\n"
             "[plugin metrics]\n"
             "[plugin nats]\nurl = %s:%d\n%s%s"
             "[plugin mirror]\n%s",
             hubs, scheme, server->port,
             strstr(lines, "node =") == NULL ? "node =\n" : "", lines,
             sections);
    return config;
}

static struct gruvid *
begin(const char *config, bool wait)
{
    static char option[4200];
    const char *args[] = {"-o", option, NULL};
    struct gruvid_options options = {.args = args, .env = env};

    http_bring("plugins/.libs/nats.so");
    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", http_plugin_dir());
    return wait ? gruvid_ready(config, &options)
                : gruvid_begin(config, &options);
}

struct gruvid *
bus_gruvid(const struct bus_server *server, const char *lines,
           const char *sections)
{
    struct gruvid *g = begin(bus_config(server, lines, sections), true);

    gruvid_says(g, " subscribed");
    return g;
}

struct gruvid *
bus_gruvid_begin(const struct bus_server *server, const char *lines,
                 const char *sections)
{
    return begin(bus_config(server, lines, sections), false);
}

/* --- bytes ---------------------------------------------------------------- */

static void
put(struct bus *bus, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t n = send(bus->fd, at, size, MSG_NOSIGNAL);

        ck_assert_msg(n > 0, "send: %s", strerror(errno));
        at += n;
        size -= (size_t)n;
    }
}

static void
more(struct bus *bus)
{
    ssize_t n;

    if (bus->room - bus->size < 65536) {
        bus->room = 2 * bus->room + 65536;
        bus->data = realloc(bus->data, bus->room + 1);
        ck_assert_ptr_nonnull(bus->data);
    }
    n = recv(bus->fd, bus->data + bus->size, bus->room - bus->size, 0);
    ck_assert_msg(n > 0, "recv: %s", n < 0 ? strerror(errno) : "the end");
    bus->size += (size_t)n;
}

static void
drop(struct bus *bus, size_t size)
{
    memmove(bus->data, bus->data + size, bus->size - size);
    bus->size -= size;
}

/* The next line with its end; its bytes stay. */
static size_t
line(struct bus *bus, char *to, size_t room)
{
    for (;;) {
        char *end = bus->size == 0 ? NULL : memchr(bus->data, '\n', bus->size);

        if (end != NULL) {
            size_t size = (size_t)(end + 1 - bus->data);

            snprintf(to, room, "%.*s", (int)size, bus->data);
            return size;
        }
        more(bus);
    }
}

/* --- a client ------------------------------------------------------------- */

struct bus *
bus_open(int port)
{
    struct timeval patience = {.tv_sec = PATIENCE};
    struct bus *bus = calloc(1, sizeof *bus);
    char text[4096];
    int on = 1;

    ck_assert_ptr_nonnull(bus);
    bus->fd = connect_port(port);
    setsockopt(bus->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(bus->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    drop(bus, line(bus, text, sizeof text));
    ck_assert_int_eq(strncmp(text, "INFO ", 5), 0);
    snprintf(text, sizeof text,
             "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,"
             "\"no_responders\":true,\"protocol\":1}\r\nSUB inbox.%d.* 1\r\n",
             bus->fd);
    put(bus, text, strlen(text));
    bus_flush(bus);
    return bus;
}

void
bus_close(struct bus *bus)
{
    close(bus->fd);
    free(bus->data);
    free(bus);
}

void
bus_publish(struct bus *bus, const char *subject, const char *reply,
            const char *head, const void *data, size_t size)
{
    static const char version[] = "NATS/1.0\r\n";
    size_t head_size = head == NULL ? 0 : strlen(head) + sizeof version + 1;
    char *text;
    int n =
        asprintf(&text, "%s %s %s%s", head == NULL ? "PUB" : "HPUB", subject,
                 reply == NULL ? "" : reply, reply == NULL ? "" : " ");

    ck_assert_int_gt(n, 0);
    put(bus, text, (size_t)n);
    free(text);
    n = head == NULL ? asprintf(&text, "%zu\r\n", size)
                     : asprintf(&text, "%zu %zu\r\n%s%s\r\n", head_size,
                                head_size + size, version, head);
    ck_assert_int_gt(n, 0);
    put(bus, text, (size_t)n);
    free(text);
    put(bus, data, size);
    put(bus, "\r\n", 2);
}

void
bus_request(struct bus *bus, const char *subject, const char *head,
            const void *data, size_t size)
{
    char reply[64];

    snprintf(reply, sizeof reply, "inbox.%d.%u", bus->fd, bus->asked++);
    bus_publish(bus, subject, reply, head, data, size);
}

void
bus_flush(struct bus *bus)
{
    char text[4096];

    put(bus, "PING\r\n", 6);
    for (;;) {
        size_t size = line(bus, text, sizeof text);

        ck_assert_msg(strncmp(text, "-ERR", 4) != 0, "%s", text);
        drop(bus, size);
        if (strcmp(text, "PONG\r\n") == 0)
            return;
        if (strcmp(text, "PING\r\n") == 0)
            put(bus, "PONG\r\n", 6);
    }
}

static char *
copy(const char *data, size_t size)
{
    char *text = malloc(size + 1);

    ck_assert_ptr_nonnull(text);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

static void
read_letter(struct bus *bus, struct letter *letter, const char *text,
            size_t size)
{
    unsigned long long head = 0, all;
    const char *status;
    bool asks =
        *text == 'M' && sscanf(text, "MSG %255s %*u %255s %llu",
                               letter->subject, letter->reply, &all) == 3;

    if (!asks)
        letter->reply[0] = '\0';
    if (*text == 'H')
        ck_assert_int_eq(sscanf(text, "HMSG %255s %*u %llu %llu",
                                letter->subject, &head, &all),
                         3);
    else if (!asks)
        ck_assert_int_eq(
            sscanf(text, "MSG %255s %*u %llu", letter->subject, &all), 2);
    while (bus->size < size + all + 2)
        more(bus);
    letter->head = copy(bus->data + size, head);
    letter->head_size = head;
    letter->size = all - head;
    letter->body = copy(bus->data + size + head, letter->size);
    drop(bus, size + all + 2);
    letter->no_responders = strncmp(letter->head, "NATS/1.0 503", 12) == 0;
    status = letter_header(letter, "Gruvid-Status");
    letter->status = status == NULL ? 0 : atoi(status);
}

/* Whether a line is there, or comes within so many milliseconds. */
static bool
await_line(struct bus *bus, int timeout)
{
    struct pollfd more_comes = {.fd = bus->fd, .events = POLLIN};

    while (bus->size == 0 || memchr(bus->data, '\n', bus->size) == NULL) {
        if (poll(&more_comes, 1, timeout) <= 0)
            return false;
        more(bus);
    }
    return true;
}

/* False: nothing has come within so many milliseconds. */
static bool
read_within(struct bus *bus, struct letter *letter, int timeout)
{
    char text[4096];

    memset(letter, 0, sizeof *letter);
    while (await_line(bus, timeout)) {
        size_t size = line(bus, text, sizeof text);

        ck_assert_msg(strncmp(text, "-ERR", 4) != 0, "%s", text);
        if (strncmp(text, "MSG ", 4) == 0 || strncmp(text, "HMSG ", 5) == 0) {
            read_letter(bus, letter, text, size);
            return true;
        }
        drop(bus, size);
        if (strcmp(text, "PING\r\n") == 0)
            put(bus, "PONG\r\n", 6);
    }
    return false;
}

void
bus_read(struct bus *bus, struct letter *letter)
{
    ck_assert_msg(read_within(bus, letter, PATIENCE * 1000), "no message");
}

void
letter_free(struct letter *letter)
{
    free(letter->head);
    free(letter->body);
}

const char *
letter_header(const struct letter *letter, const char *name)
{
    static __thread char value[1024];
    const char *at = letter->head;
    size_t length = strlen(name);

    while ((at = strstr(at, "\r\n")) != NULL) {
        at += 2;
        if (strncasecmp(at, name, length) != 0 || at[length] != ':')
            continue;
        at += length + 1 + strspn(at + length + 1, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
        return value;
    }
    return NULL;
}

void
bus_ask(struct bus *bus, const char *subject, const char *head,
        const char *data, int status, const char *body)
{
    struct letter letter;

    bus_request(bus, subject, head, data, strlen(data));
    bus_read(bus, &letter);
    ck_assert_msg(letter.status == status, "%s: %d, not %d: %s%s", subject,
                  letter.status, status, letter.head, letter.body);
    if (body != NULL)
        ck_assert_str_eq(letter.body, body);
    letter_free(&letter);
}

void
bus_ask_at_last(struct bus *bus, const char *subject)
{
    struct letter letter;
    bool none = true;

    while (none) {
        bus_request(bus, subject, "Host: h\r\n", "", 0);
        if (!read_within(bus, &letter, 1000))
            continue;
        none = letter.no_responders;
        ck_assert_int_eq(letter.status, none ? 0 : 200);
        letter_free(&letter);
        if (none)
            usleep(1000);
    }
}
