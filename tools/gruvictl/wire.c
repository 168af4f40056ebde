/* SPDX-License-Identifier: MIT */
/* The socket, and lines over it: see wire.h. */
#include "gruvictl/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gruvictl/text.h"

/* gruvid sends less.  What is longer has no end, perhaps. */
#define MAX_LINE ((size_t)4 << 20)

/* Of all lines of one answer: more than a million fibers take. */
#define MAX_ANSWER ((size_t)1 << 30)

/* A call has failed. */
static enum status
call_failed(const struct wire *wire, const char *what, int err)
{
    fprintf(stderr, "gruvictl: %s: %s: %s\n", wire->path, what, strerror(err));
    return REFUSED;
}

static enum status
no_answer(struct wire *wire, double timeout)
{
    wire->silent = true;
    fprintf(stderr,
            "gruvictl: %s: gruvid does not answer within %g seconds: its first "
            "hub is busy, or its process is stopped\n",
            wire->path, timeout);
    return NOBODY;
}

/* --- waiting ----------------------------------------------------------------
 */

static double
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Seconds that are left of a timeout. */
static double
left_of(double timeout, double since)
{
    double left = timeout - (now() - since);

    return left > 0 ? left : 0;
}

/*
 * Wait until there is something to read.  Signals do not make it longer.
 *
 *   timeout  seconds; negative: no limit
 *
 * Returns 1; 0: there was nothing in time; -1: errno.
 */
static int
await(int fd, double timeout)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    double begun = now(), left = timeout;
    int n;

    for (;;) {
        n = poll(&ready, 1, timeout < 0 ? -1 : (int)(left * 1000));
        if (n >= 0 || errno != EINTR)
            return n;
        left = left_of(timeout, begun);
        if (timeout >= 0 && left <= 0)
            return 0;
    }
}

/* --- connecting ------------------------------------------------------------
 */

/* The kernel refuses a connection to a file that is no socket, too. */
static bool
is_socket(const char *path)
{
    struct stat file;

    return stat(path, &file) < 0 || S_ISSOCK(file.st_mode);
}

static enum status
explain(const char *path, int err)
{
    fprintf(stderr, "gruvictl: %s: ", path);
    switch (err) {
    case ENOENT:
        fputs("nobody is there.  Does gruvid run (systemctl status gruvid), "
              "and is this the path of [gruvid] control?  Otherwise: gruvictl "
              "-s PATH, or GRUVID_CONTROL=PATH\n",
              stderr);
        break;
    case ECONNREFUSED:
        if (!is_socket(path)) {
            fputs("this is no socket.  The path is that of [gruvid] control: "
                  "gruvictl -s PATH, or GRUVID_CONTROL=PATH\n",
                  stderr);
            break;
        }
        fputs("nobody is there any more: gruvid has been killed.  Its log says "
              "more (journalctl -u gruvid)\n",
              stderr);
        break;
    case EACCES:
        fputs("permission denied.  The socket is for root, for gruvid's user, "
              "and for members of [gruvid] control_group\n",
              stderr);
        break;
    default:
        fprintf(stderr, "%s\n", strerror(err));
    }
    return err == EACCES ? REFUSED : NOBODY;
}

/* A descriptor of the process that listens, so that nobody else is taken for
 * it. */
static int
open_process(int fd, int *why)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int process;

    *why = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
        *why = errno;
        return -1;
    }
    if (peer.pid <= 0) /* it is in another namespace */
        return -1;
    process = (int)syscall(SYS_pidfd_open, peer.pid, 0);
    if (process < 0)
        *why = errno;
    return process;
}

/* A process that is stopped accepts nobody, and its queue may be full. */
static int
connect_within(int fd, const struct sockaddr_un *address, double timeout)
{
    double begun = now();
    int n;

    do {
        double left = left_of(timeout, begun);
        struct timeval limit = {.tv_sec = (time_t)left};

        limit.tv_usec = 1 + (long)((left - (double)limit.tv_sec) * 999998);
        if (timeout >= 0)
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        n = connect(fd, (const struct sockaddr *)address, sizeof *address);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

enum status
wire_open(struct wire *wire, const char *path, double timeout)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum status status;
    int err;

    *wire = (struct wire){.path = path, .fd = -1, .pidfd = -1};
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "gruvictl: %s: the path is too long for a socket\n",
                path);
        return NOBODY;
    }
    strcpy(address.sun_path, path);
    wire->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return call_failed(wire, "there is no socket to connect with", errno);
    err = connect_within(wire->fd, &address, timeout);
    if (err == 0) {
        wire->pidfd = open_process(wire->fd, &wire->unknown);
        return DONE;
    }
    status = err == -EAGAIN ? no_answer(wire, timeout) : explain(path, -err);
    wire_close(wire);
    return status;
}

void
wire_close(struct wire *wire)
{
    if (wire->fd >= 0)
        close(wire->fd);
    if (wire->pidfd >= 0)
        close(wire->pidfd);
    free(wire->buffer);
    wire->fd = wire->pidfd = -1;
    wire->buffer = NULL;
}

enum status
wire_await_end(const struct wire *wire, double timeout)
{
    static const char what[] = "whether its process has ended is not known";
    int n;

    if (wire->pidfd < 0)
        return wire->unknown == 0 || wire->unknown == ESRCH
                   ? DONE
                   : call_failed(wire, what, wire->unknown);
    n = await(wire->pidfd, timeout);
    if (n > 0)
        return DONE;
    if (n < 0)
        return call_failed(wire, what, errno);
    fprintf(stderr,
            "gruvictl: %s: the connection has ended, and the process has not\n",
            wire->path);
    return NOBODY;
}

/* --- lines ------------------------------------------------------------------
 */

static enum status
no_gruvid(const struct wire *wire, const char *why)
{
    fprintf(stderr, "gruvictl: %s: what listens there is no gruvid: %s\n",
            wire->path, why);
    return NOBODY;
}

/* A peer that has gone may have said why: that is read. */
static enum status
send_line(const struct wire *wire, const json_t *request)
{
    char *line = need(json_dumps(request, JSON_COMPACT));
    size_t length = strlen(line), sent = 0;
    enum status status = DONE;
    ssize_t n = 0;

    line[length++] = '\n'; /* in place of the NUL */
    while (sent < length && n >= 0) {
        n = send(wire->fd, line + sent, length - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 0;
    }
    if (n < 0 && errno != EPIPE && errno != ECONNRESET)
        status = call_failed(wire, "the request cannot be sent", errno);
    free(line);
    return status;
}

static void
make_room(struct wire *wire)
{
    if (wire->begin > 0) {
        memmove(wire->buffer, wire->buffer + wire->begin,
                wire->end - wire->begin);
        wire->end -= wire->begin;
        wire->begin = 0;
    }
    if (wire->room - wire->end < 4096) {
        wire->room = wire->room > 0 ? 2 * wire->room : (size_t)64 << 10;
        wire->buffer = need(realloc(wire->buffer, wire->room));
    }
}

/* Read more. */
static enum status
fill(struct wire *wire, double timeout)
{
    int ready;
    ssize_t n;

    if (wire->end - wire->begin > MAX_LINE)
        return no_gruvid(wire, "its line has no end");
    if (wire->kept > MAX_ANSWER)
        return no_gruvid(wire, "its answer has no end");
    make_room(wire);
    ready = await(wire->fd, timeout);
    if (ready == 0)
        return no_answer(wire, timeout);
    n = ready < 0 ? -1
                  : recv(wire->fd, wire->buffer + wire->end,
                         wire->room - wire->end, 0);
    if (n < 0 && errno == EINTR)
        return DONE;
    if (n < 0 && errno != ECONNRESET)
        return call_failed(wire, "the answer cannot be read", errno);
    if (n <= 0) {
        wire->ended = true;
        fprintf(stderr, "gruvictl: %s: gruvid has gone, without an answer\n",
                wire->path);
        return NOBODY;
    }
    wire->end += (size_t)n;
    if (wire->keeps)
        wire->kept += (size_t)n;
    return DONE;
}

/* The next line, without its end. */
static enum status
next_line(struct wire *wire, double timeout, const char **line, size_t *length)
{
    size_t seen = 0;

    for (;;) {
        size_t n = wire->end - wire->begin;
        const char *begin = n > 0 ? wire->buffer + wire->begin : NULL;
        const char *end =
            n > seen ? memchr(begin + seen, '\n', n - seen) : NULL;
        enum status status;

        if (end != NULL) {
            *line = begin;
            *length = (size_t)(end - begin);
            wire->begin += *length + 1;
            return DONE;
        }
        seen = n;
        status = fill(wire, timeout);
        if (status != DONE)
            return status;
    }
}

/* --- answers ----------------------------------------------------------------
 */

static enum status
read_answer(struct wire *wire, double timeout, json_t **object)
{
    const char *line;
    size_t length;
    enum status status = next_line(wire, timeout, &line, &length);

    *object = NULL;
    if (status != DONE)
        return status;
    *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_boolean(json_object_get(*object, "ok"))) {
        json_decref(*object);
        *object = NULL;
        return no_gruvid(wire, "its answer is not one");
    }
    return DONE;
}

static enum status
refused(const json_t *answer)
{
    const char *why = json_string_value(json_object_get(answer, "error"));
    const json_t *reasons = json_object_get(answer, "reasons");

    fputs("gruvictl: ", stderr);
    print_safe(stderr, why != NULL ? why : "refused");
    fputc('\n', stderr);
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        why = json_string_value(json_array_get(reasons, i));
        fputs("  ", stderr);
        print_safe(stderr, why != NULL ? why : "?");
        fputc('\n', stderr);
    }
    return REFUSED;
}

enum status
wire_stream(struct wire *wire, const json_t *request, double timeout,
            void (*piece)(const json_t *line, void *arg), void *arg)
{
    enum status status = send_line(wire, request);
    bool more = true;

    while (status == DONE && more) {
        json_t *line;

        status = read_answer(wire, timeout, &line);
        if (status != DONE)
            break;
        more = json_is_true(json_object_get(line, "more"));
        if (!json_is_true(json_object_get(line, "ok")))
            status = refused(line);
        else
            piece(line, arg);
        json_decref(line);
    }
    return status;
}

void
wire_join(const json_t *line, void *arg)
{
    json_t *answer = arg;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)line, name, value)
    {
        json_t *before = json_object_get(answer, name);

        if (strcmp(name, "more") == 0)
            continue;
        if (json_is_array(value) && json_is_array(before))
            json_array_extend(before, value);
        else
            json_object_set(answer, name, value);
    }
}

enum status
wire_ask(struct wire *wire, const json_t *request, double timeout,
         json_t **answer)
{
    enum status status;

    wire->keeps = true;
    wire->kept = 0;
    *answer = need(json_object());
    status = wire_stream(wire, request, timeout, wire_join, *answer);
    wire->keeps = false;
    if (status != DONE) {
        json_decref(*answer);
        *answer = NULL;
    }
    return status;
}
