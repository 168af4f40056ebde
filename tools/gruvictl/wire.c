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
#include <unistd.h>

#include "gruvictl/text.h"

/* gruvid sends less.  What is longer has no end, perhaps. */
#define MAX_LINE ((size_t)4 << 20)

/* Of all lines of one answer: more than a million fibers take. */
#define MAX_ANSWER ((size_t)1 << 30)

/* --- connecting ------------------------------------------------------------
 */

/* The kernel refuses a connection to a file that is no socket, too. */
static bool
is_socket(const char *path)
{
    struct stat file;

    return stat(path, &file) < 0 || S_ISSOCK(file.st_mode);
}

static void
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
}

/* A descriptor of the process that listens, so that nobody else is taken for
 * it. */
static int
open_process(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
        peer.pid <= 0)
        return -1;
    return (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

enum status
wire_open(struct wire *wire, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *wire = (struct wire){.path = path, .fd = -1, .pidfd = -1};
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "gruvictl: %s: the path is too long for a socket\n",
                path);
        return NOBODY;
    }
    strcpy(address.sun_path, path);
    wire->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (wire->fd < 0 ||
        connect(wire->fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int err = errno;

        explain(path, err);
        wire_close(wire);
        return err == EACCES ? REFUSED : NOBODY;
    }
    wire->pidfd = open_process(wire->fd);
    return DONE;
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

bool
wire_await_end(const struct wire *wire, double timeout)
{
    struct pollfd process = {.fd = wire->pidfd, .events = POLLIN};
    int n;

    if (wire->pidfd < 0)
        return true;
    do
        n = poll(&process, 1, timeout < 0 ? -1 : (int)(timeout * 1000));
    while (n < 0 && errno == EINTR);
    return n > 0;
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

/* A peer that does not take a request may have said why: that is read. */
static void
send_line(const struct wire *wire, const json_t *request)
{
    char *line = need(json_dumps(request, JSON_COMPACT));
    size_t length = strlen(line), sent = 0;
    ssize_t n = 0;

    line[length++] = '\n'; /* in place of the NUL */
    while (sent < length && n >= 0) {
        n = send(wire->fd, line + sent, length - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (errno == EINTR)
            n = 0;
    }
    free(line);
}

/* Wait for bytes; false: none came. */
static bool
await_bytes(const struct wire *wire, double timeout)
{
    struct pollfd ready = {.fd = wire->fd, .events = POLLIN};
    int n;

    do
        n = poll(&ready, 1, timeout < 0 ? -1 : (int)(timeout * 1000));
    while (n < 0 && errno == EINTR);
    return n > 0;
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
    ssize_t n;

    if (wire->end - wire->begin > MAX_LINE)
        return no_gruvid(wire, "its line has no end");
    if (wire->kept > MAX_ANSWER)
        return no_gruvid(wire, "its answer has no end");
    make_room(wire);
    if (!await_bytes(wire, timeout)) {
        wire->silent = true;
        fprintf(stderr,
                "gruvictl: %s: gruvid does not answer within %g seconds: its "
                "first hub is busy, or its process is stopped\n",
                wire->path, timeout);
        return NOBODY;
    }
    n = recv(wire->fd, wire->buffer + wire->end, wire->room - wire->end, 0);
    if (n < 0 && errno == EINTR)
        return DONE;
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
    enum status status = DONE;
    bool more = true;

    send_line(wire, request);
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
