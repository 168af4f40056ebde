/* SPDX-License-Identifier: MIT */
/*
 * Writing lines to where they go: see output.h.
 *
 * The target may become another while lines are written, and takes the rest of
 * them then: a file gets of a journal's record the message, and the journal
 * gets a line as a record that has nothing else.
 */
#include "log/output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SLICE 100 /* ms, from one look at what else is asked to the next */

#define GET(member) __atomic_load_n(&(member), __ATOMIC_ACQUIRE)
#define SET(member, value)                                                     \
    __atomic_store_n(&(member), (value), __ATOMIC_RELEASE)

/* --- lines that were put for another target ------------------------------- */

#define FIRST_FIELD "PRIORITY="
#define LAST_FIELD  "MESSAGE="

/* A record for the journal's socket: lines FIELD=VALUE. */
static bool
is_record(const char *line, size_t length)
{
    const size_t n = sizeof FIRST_FIELD - 1;

    return length > n && memcmp(line, FIRST_FIELD, n) == 0;
}

/* Bytes in front of what a target without fields gets of a line: the message,
 * which has no time. */
static size_t
head_of(const char *line, size_t length)
{
    const char *last;

    if (!is_record(line, length))
        return 0;
    last = memmem(line, length, "\n" LAST_FIELD, sizeof LAST_FIELD);
    return last == NULL ? 0 : (size_t)(last - line) + sizeof LAST_FIELD;
}

/* A line as a datagram; one without fields gets one. */
static ssize_t
send_line(struct gruvid__output *out, const char *line, size_t length)
{
    static char field[] = LAST_FIELD;
    struct iovec parts[] = {
        {field, is_record(line, length) ? 0 : sizeof field - 1},
        {(char *)line, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    return sendmsg(out->target.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

size_t
gruvid__output_convert(const struct gruvid__output *out, char *line,
                       size_t length)
{
    size_t head = out->target.connect != NULL ? 0 : head_of(line, length);

    memmove(line, line + head, length - head);
    return length - head;
}

/* --- writing -------------------------------------------------------------- */

static void
set_fd(struct gruvid__output *out, int fd)
{
    struct stat st;

    out->target.fd = fd;
    out->torn = out->refused = false;
    out->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

void
gruvid__output_open(struct gruvid__output *out,
                    const struct gruvid__log_target *target)
{
    out->target = *target;
    set_fd(out, target->fd);
    out->stop = out->reopen = false;
}

bool
gruvid__output_reopen(struct gruvid__output *out)
{
    int old = out->target.fd, fd;

    SET(out->reopen, false);
    fd = out->target.reopen(&out->target.connect);
    if (fd < 0)
        return false;
    set_fd(out, fd);
    if (old != STDERR_FILENO)
        close(old);
    return true;
}

/* Wait until the target takes bytes.  True: it was opened again meanwhile.  A
 * disk is not asked: poll() says nothing about it. */
static bool
await_target(struct gruvid__output *out)
{
    struct pollfd target = {.fd = out->target.fd, .events = POLLOUT};

    while (!out->regular && poll(&target, 1, SLICE) == 0 && !GET(out->stop))
        if (GET(out->reopen) && gruvid__output_reopen(out))
            return true;
    return false;
}

/* Where the line that is partly written begins: another target gets all of
 * it. */
static char *
whole_line(char *bytes, char *at)
{
    while (at > bytes && at[-1] != '\n')
        at--;
    return at < bytes ? bytes : at;
}

/*
 * Write lines.
 *
 *   bytes  there is room for a byte in front of them
 *
 * Returns how many bytes were written before it failed, or before the target
 * became one of datagrams.
 */
static size_t
write_bytes(struct gruvid__output *out, char *bytes, size_t length)
{
    char *at = bytes, *end = bytes + length;

    if (out->torn)
        *--at = '\n';
    while (at < end) {
        ssize_t n;

        if (await_target(out)) {
            at = whole_line(bytes, at);
            if (out->target.connect != NULL)
                return (size_t)(at - bytes);
            continue;
        }
        if (GET(out->stop))
            break;
        n = write(out->target.fd, at, (size_t)(end - at));
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            break;
        if (n <= 0)
            continue;
        at += n;
        out->torn = at[-1] != '\n';
    }
    out->refused = at < end;
    return at < bytes ? 0 : (size_t)(at - bytes);
}

/* A socket whose other end was started again. */
static bool
connect_again(struct gruvid__output *out)
{
    int fd = out->target.connect();

    if (fd < 0)
        return false;
    close(out->target.fd);
    set_fd(out, fd);
    return true;
}

/* Write a line as a datagram, whole or not at all.  Returns how many bytes were
 * written. */
static size_t
write_datagram(struct gruvid__output *out, const char *line, size_t length)
{
    bool again = false;

    for (;;) {
        if (await_target(out) && out->target.connect == NULL)
            return 0;
        if (GET(out->stop))
            break;
        if (send_line(out, line, length) >= 0) {
            out->refused = false;
            return length;
        }
        if (errno == EINTR || errno == EAGAIN)
            continue;
        if (again || !connect_again(out))
            break;
        again = true;
    }
    out->refused = true;
    return 0;
}

/* Where each line is a datagram there is one, unless the target was another
 * when they were taken. */
static size_t
first_line(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);

    if (is_record(bytes, length) || end == NULL)
        return length;
    return (size_t)(end - bytes) + 1;
}

size_t
gruvid__output_write(struct gruvid__output *out, char *bytes, size_t length)
{
    size_t n = 0, done;
    bool datagrams;

    do {
        datagrams = out->target.connect != NULL;
        if (datagrams) {
            done = write_datagram(out, bytes + n,
                                  first_line(bytes + n, length - n));
        } else {
            n += head_of(bytes + n, length - n);
            done = write_bytes(out, bytes + n, length - n);
        }
        n += done;
    } while (n < length && (datagrams != (out->target.connect != NULL) ||
                            (datagrams && done > 0)));
    return n;
}

void
gruvid__output_write_now(struct gruvid__output *out, const char *line,
                         size_t length)
{
    size_t head = head_of(line, length);

    if (out->target.connect != NULL) {
        send_line(out, line, length);
        return;
    }
    line += head;
    length -= head;
    while (length > 0) {
        ssize_t n = write(out->target.fd, line, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line += n;
        length -= (size_t)n;
    }
}

/* --- in the handler of a signal ------------------------------------------- */

void
gruvid__output_write_in_handler(int fd, const char *bytes, size_t n)
{
    struct pollfd target = {.fd = fd, .events = POLLOUT};

    while (n > 0 && poll(&target, 1, SLICE) > 0) {
        /* A pipe that is ready takes PIPE_BUF bytes without waiting. */
        ssize_t done = write(
            fd, bytes, n < GRUVID__OUTPUT_BATCH ? n : GRUVID__OUTPUT_BATCH);

        if (done <= 0 && errno != EINTR)
            return;
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        }
    }
}

static bool
is_same_file(int a, int b)
{
    struct stat of_a, of_b;

    return a == b || (fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 &&
                      of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino);
}

/* The thread may have left half a line. */
bool
gruvid__output_put_in_handler(struct gruvid__output *out, const char *line,
                              size_t length)
{
    struct pollfd target = {.fd = out->target.fd, .events = POLLOUT};
    size_t head = head_of(line, length);
    int fd = out->target.fd;

    if (out->target.connect != NULL) {
        if (poll(&target, 1, SLICE) > 0)
            send_line(out, line, length);
        return true;
    }
    if (out->torn)
        gruvid__output_write_in_handler(fd, "\n", 1);
    out->torn = false;
    gruvid__output_write_in_handler(fd, line + head, length - head);
    return is_same_file(fd, STDERR_FILENO);
}
