/* SPDX-License-Identifier: MIT */
#include "faults/life.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/sweep.h"
#include "http/client.h"
#include "nats/bus.h"

#define CONFIG                                                                 \
    "[gruvid]\nhubs = 2\ncontrol = @DIR@/control\ndrain_timeout = 5s\n"        \
    "cancel_timeout = 100ms\nuser = %s\ncontrol_group = %s\n"                  \
    "[plugin http]\nlisten = unix:@DIR@/http\nlisten = tcp://127.0.0.1:0\n"    \
    "route = / -> mirror\nroute = /file/{rest...} -> static:@DIR@\n"           \
    "max_requests = %d\n"                                                      \
    "[plugin mirror]\n"                                                        \
    "[plugin echo]\nlisten_group = %s\n"                                       \
    "listen = unix:@DIR@/echo\nlisten = tcp://127.0.0.1:0\n"                   \
    "idle_timeout = 1m\nmax_connections = 100\n"

#define NATS                                                                   \
    "[plugin nats]\nurl = nats://127.0.0.1:%d\nnode =\n"                       \
    "route = ask -> mirror\n"

static struct bus_server server;
static bool was_refused; /* what a client asked for last */
static bool with_bus;
static char user[100], group[100]; /* of this process; "": without names */
/* Descriptors of a life without a fault; 0: not known. */
static unsigned most;

/* --- clients -------------------------------------------------------------- */

/* What it has said so far. */
static const char *
log_of(struct gruvid *g)
{
    static char text[65536];
    struct pollfd ready = {.fd = g->log_fd, .events = POLLIN};
    size_t size;
    ssize_t n = 0;

    snprintf(text, sizeof text / 2, "%s", g->log == NULL ? "" : g->log);
    size = strlen(text);
    if (poll(&ready, 1, 0) == 1)
        n = read(g->log_fd, text + size, sizeof text - size - 1);
    text[size + (n > 0 ? (size_t)n : 0)] = '\0';
    return text;
}

/* -1: nobody listens. */
static int
connect_quietly(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = PATIENCE};

    ck_assert_int_ge(fd, 0);
    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

/*
 * Send text, and read up to the answer's last words, or to those of a refusal,
 * or to the end.
 *
 * Returns whether the first came.
 */
static bool
converse(struct gruvid *g, const char *name, const char *text, const char *last)
{
    static char answer[1 << 20];
    int fd = connect_quietly(gruvid_path(g, name));
    size_t size = 0;
    ssize_t n = 1;

    answer[0] = '\0';
    was_refused = false;
    if (fd < 0)
        return false;
    send(fd, text, strlen(text), MSG_NOSIGNAL);
    while (n > 0 && strstr(answer, last) == NULL &&
           strstr(answer, "\"ok\":false") == NULL) {
        n = recv(fd, answer + size, sizeof answer - 1 - size, 0);
        ck_assert_msg(n >= 0 || errno == ECONNRESET,
                      "%s: the client of %s waits for ever\n%s", faults_text(),
                      name, log_of(g));
        size += n > 0 ? (size_t)n : 0;
        answer[size] = '\0';
    }
    close(fd);
    was_refused = strstr(answer, "\"ok\":false") != NULL;
    return strstr(answer, last) != NULL;
}

static bool
says_hello(struct gruvid *g)
{
    return converse(g, "echo", "hello\n", "hello\n");
}

static bool
answers_http(struct gruvid *g)
{
    return converse(g, "http",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
                    "hello"
                    "GET /id HTTP/1.1\r\nHost: a\r\n\r\n"
                    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                    "GET /");
}

/* A file of a folder. */
static bool
gives_file(struct gruvid *g)
{
    return converse(g, "http",
                    "GET /file/gruvid.conf HTTP/1.1\r\nHost: a\r\n"
                    "Connection: close\r\n\r\n",
                    "[plugin echo]");
}

static bool
says_status(struct gruvid *g)
{
    return converse(g, "control", "{\"do\":\"status\"}\n", "\"ok\":true");
}

static bool
says_fibers(struct gruvid *g)
{
    return converse(g, "control", "{\"do\":\"fibers\",\"stacks\":true}\n",
                    "\"ok\":true");
}

static bool
answers_bus(struct gruvid *g)
{
    struct bus *bus = bus_open(server.port);

    (void)g;
    bus_ask_at_last(bus, "ask");
    bus_close(bus);
    return true;
}

/* At a reload: another number of requests each time, another place to listen,
 * and a plugin that is new, which a child opens first; in static memory. */
static const char *
config_of(int n)
{
    static char config[2000];
    size_t size;

    snprintf(config, sizeof config, CONFIG "%s", user, group, n, group,
             n == 1000 ? "" : "listen = unix:@DIR@/more\n[plugin hello]\n");
    size = strlen(config);
    if (with_bus)
        snprintf(config + size, sizeof config - size, NATS, server.port);
    return config;
}

static bool
reloads(struct gruvid *g)
{
    static int n = 1000;

    gruvid_configure(g, config_of(++n));
    return converse(g, "control", "{\"do\":\"reload\"}\n", "\"ok\":true");
}

/* It may fail once, and only because of the fault. */
static void
do_step(struct gruvid *g, const char *name, bool (*step)(struct gruvid *),
        enum fault_effect effect)
{
    bool before = faults_fired();

    if (step(g))
        return;
    ck_assert_msg(!before && faults_fired(), "%s: %s fails after it\n%s",
                  faults_text(), name, log_of(g));
    faults_saw(effect);
    if (effect == FAULT_RELOAD && was_refused)
        gruvid_says(g, "failed: what ran before goes on");
    ck_assert_msg(step(g), "%s: %s fails again\n%s", faults_text(), name,
                  log_of(g));
}

/* --- a life --------------------------------------------------------------- */

static bool
has_ended(const struct gruvid *g)
{
    siginfo_t info = {.si_pid = 0};

    waitid(P_PID, (id_t)g->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid != 0;
}

/* Until a client gets through: a line of the log may be what is lost. */
static bool
has_started(struct gruvid *g)
{
    while (!says_status(g)) {
        if (has_ended(g))
            return false;
        usleep(2000);
    }
    return true;
}

static int
stop(struct gruvid *g)
{
    gruvid_signal(g, SIGTERM);
    for (int tries = 0; !has_ended(g); tries++) {
        ck_assert_msg(tries < PATIENCE * 500, "%s: it does not stop\n%s",
                      faults_text(), log_of(g));
        usleep(2000);
    }
    return gruvid_wait(g);
}

static void
check_descriptors(struct gruvid *g)
{
    unsigned n = gruvid_descriptors(g);

    if (most == 0)
        most = n;
    for (int tries = 0; n > most; tries++) {
        ck_assert_msg(tries < PATIENCE * 100, "%s: %u descriptors, not %u\n%s",
                      faults_text(), n, most, log_of(g));
        usleep(10000);
        n = gruvid_descriptors(g);
    }
}

static void
serve_all(struct gruvid *g)
{
    do_step(g, "echo", says_hello, FAULT_CLIENT);
    do_step(g, "http", answers_http, FAULT_CLIENT);
    do_step(g, "a file", gives_file, FAULT_CLIENT);
    do_step(g, "fibers", says_fibers, FAULT_COMMAND);
    if (with_bus)
        do_step(g, "the bus", answers_bus, FAULT_CLIENT);
    do_step(g, "a reload", reloads, FAULT_RELOAD);
    do_step(g, "echo", says_hello, FAULT_CLIENT);
    do_step(g, "http", answers_http, FAULT_CLIENT);
    if (with_bus)
        do_step(g, "the bus", answers_bus, FAULT_CLIENT);
    do_step(g, "status", says_status, FAULT_COMMAND);
}

void
gruvid_life(void)
{
    char option[4200];
    const char *args[] = {"-o", option, NULL};
    struct gruvid_options options = {
        .args = args, .env = faults_env(), .files = 500, .hard_files = 600};
    struct gruvid *g;
    int status;

    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", http_plugin_dir());
    g = gruvid_begin(config_of(1000), &options);
    if (has_started(g)) {
        serve_all(g);
        check_descriptors(g);
        status = stop(g);
        ck_assert_msg(status == 0, "%s: exit status %d\n%s", faults_text(),
                      status, log_of(g));
    } else {
        status = gruvid_wait(g);
        ck_assert_msg(status > 0 && status < 128 && g->length > 0,
                      "%s: exit status %d\n%s", faults_text(), status,
                      log_of(g));
        ck_assert_msg(faults_fired(), "no start without a fault\n%s",
                      log_of(g));
        faults_saw(FAULT_START);
    }
    gruvid_end_all();
}

/* --- before and after ----------------------------------------------------- */

static void
find_names(void)
{
    const struct passwd *entry = getpwuid(geteuid());
    const struct group *its = getgrgid(getegid());

    snprintf(user, sizeof user, "%s", entry == NULL ? "" : entry->pw_name);
    snprintf(group, sizeof group, "%s", its == NULL ? "" : its->gr_name);
}

void
gruvid_life_begin(void)
{
    find_names();
    http_bring("plugins/.libs/echo.so");
    http_bring("plugins/.libs/hello.so");
}

void
gruvid_life_begin_with_bus(void)
{
    gruvid_life_begin();
    http_bring("plugins/.libs/nats.so");
    bus_prepare(&server);
    bus_begin(&server, "");
    with_bus = true;
}

void
gruvid_life_end(void)
{
    gruvid_end_all();
    if (with_bus)
        bus_remove(&server);
}
