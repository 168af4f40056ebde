/* SPDX-License-Identifier: MIT */
#include "unit/net.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "io/socket/address.h"
#include "support/folder.h"
#include "support/port.h"

/* --- addresses and pairs -------------------------------------------------- */

const char *
net_address(int kind)
{
    static char text[GRUVI_ADDRESS_SIZE];
    static int n;

    if (kind == NET_TCP)
        return "tcp://127.0.0.1:0";
    snprintf(text, sizeof text, "unix:@gruvi-test-%d-%d", (int)getpid(), n++);
    return text;
}

gruvi_listener_t *
net_listen(int kind, char address[GRUVI_ADDRESS_SIZE])
{
    gruvi_listener_t *listener;

    ck_assert_int_eq(gruvi_listen(&listener, net_address(kind), NULL), 0);
    ck_assert_int_eq(
        gruvi_listener_address(listener, address, GRUVI_ADDRESS_SIZE), 0);
    return listener;
}

int
net_reserve(char address[GRUVI_ADDRESS_SIZE])
{
    int port, fd = reserve_port(&port);

    snprintf(address, GRUVI_ADDRESS_SIZE, "tcp://127.0.0.1:%d", port);
    return fd;
}

void
listen_fails(const char *address, const gruvi_listen_options_t *options,
             int err)
{
    gruvi_listener_t *listener = (void *)&listener;

    ck_assert_int_eq(gruvi_listen(&listener, address, options), err);
    ck_assert_ptr_null(listener);
}

int
net_connect(const char *text)
{
    struct gruvi__address address;
    int fd;

    ck_assert_int_eq(gruvi__address_parse(&address, text), 0);
    fd = socket(address.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, &address.at.any, address.length), 0);
    return fd;
}

void
open_full(struct full *f, const char *text)
{
    struct gruvi__address address;
    socklen_t length = sizeof address.at;

    ck_assert_int_eq(gruvi__address_parse(&address, text), 0);
    f->listener =
        socket(address.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(f->listener, &address.at.any, address.length), 0);
    ck_assert_int_eq(listen(f->listener, 0), 0);
    ck_assert_int_eq(getsockname(f->listener, &address.at.any, &length), 0);
    ck_assert_int_eq(gruvi__address_format(&address.at, length, f->address,
                                           sizeof f->address),
                     0);
    f->client = net_connect(f->address);
}

void
close_full(struct full *f)
{
    close(f->client);
    close(f->listener);
}

void
open_ends(struct ends *ends, int kind)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(kind, address);

    ends->peer = net_connect(address);
    ck_assert_int_eq(fcntl(ends->peer, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(gruvi_accept(listener, &ends->stream, GRUVI_FOREVER), 0);
    gruvi_listener_close(listener);
}

void
close_ends(struct ends *ends)
{
    gruvi_stream_close(ends->stream);
    ends->stream = NULL;
    if (ends->peer >= 0)
        peer_closes(ends);
}

void
peer_closes(struct ends *ends)
{
    ck_assert_int_eq(close(ends->peer), 0);
    ends->peer = -1;
}

void
peer_resets(struct ends *ends)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    ck_assert_int_eq(
        setsockopt(ends->peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger),
        0);
    peer_closes(ends);
}

void
peer_writes(struct ends *ends, const void *buf, size_t len)
{
    ck_assert_int_eq(send(ends->peer, buf, len, MSG_NOSIGNAL), (ssize_t)len);
}

void
peer_says(struct ends *ends, const char *text)
{
    peer_writes(ends, text, strlen(text));
}

void
peer_hears(struct ends *ends, const char *text)
{
    size_t len = strlen(text), got = 0;
    char buf[4096];
    ssize_t n;

    ck_assert_uint_lt(len, sizeof buf);
    while (got < len) {
        n = recv(ends->peer, buf + got, len - got, 0);
        if (n < 0 && errno == EAGAIN)
            continue;
        ck_assert_int_gt(n, 0);
        got += (size_t)n;
    }
    buf[len] = '\0';
    ck_assert_str_eq(buf, text);
}

size_t
peer_drains(struct ends *ends)
{
    static char buf[65536];
    size_t total = 0;
    ssize_t n;

    while ((n = recv(ends->peer, buf, sizeof buf, 0)) > 0)
        total += (size_t)n;
    return total;
}

void
shrink(struct ends *ends)
{
    int size = 4096, fd = gruvi_stream_fd(ends->stream);

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    /* Less, and TCP would acknowledge each segment late. */
    size = 65536;
    setsockopt(ends->peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

/* Bytes that TCP has sent, and that nobody has acknowledged. */
static int
in_flight(int fd)
{
    int queued = 0, unsent = 0;

    ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &queued), 0);
    ck_assert_int_eq(ioctl(fd, SIOCOUTQNSD, &unsent), 0);
    return queued - unsent;
}

/* TCP takes many bytes or none.  It takes more when an acknowledgement comes,
 * however late; with nothing in flight there comes none. */
static void
fill_up_tcp(int fd)
{
    static const char zeros[65536];
    bool still;

    do {
        still = in_flight(fd) == 0;
        if (send(fd, zeros, sizeof zeros, MSG_NOSIGNAL) > 0) {
            still = false;
            continue;
        }
        ck_assert_int_eq(errno, EAGAIN);
        if (!still)
            uv_sleep(1);
    } while (!still);
}

void
fill_up(gruvi_stream_t *stream)
{
    static const char zeros[65536];
    int fd = gruvi_stream_fd(stream), domain;
    socklen_t size = sizeof domain;

    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size), 0);
    if (domain != AF_UNIX) {
        fill_up_tcp(fd);
        return;
    }
    for (size_t len = sizeof zeros; len > 0; len = len > 1 ? 1 : 0) {
        while (send(fd, zeros, len, MSG_NOSIGNAL) > 0)
            ;
        ck_assert_int_eq(errno, EAGAIN);
    }
}

static int
write_big(void *arg)
{
    static const char zeros[BIG_WRITE];

    return gruvi_stream_write(arg, zeros, sizeof zeros);
}

gruvi_fiber_t *
begin_big_write(struct ends *ends)
{
    gruvi_fiber_t *fiber;

    shrink(ends);
    fiber = spawn(write_big, ends->stream);
    wait_until(strcmp(gruvi_fiber_waiting_for(fiber), "write") == 0);
    return fiber;
}

void
fill_pattern(void *buf, size_t len, size_t from)
{
    unsigned char *p = buf;

    for (size_t i = from; i < from + len; i++)
        *p++ = (unsigned char)(i ^ i >> 8 ^ i >> 16);
}

bool
is_pattern(const void *buf, size_t len, size_t from)
{
    const unsigned char *p = buf;

    for (size_t i = from; i < from + len; i++)
        if (*p++ != (unsigned char)(i ^ i >> 8 ^ i >> 16))
            return false;
    return true;
}

/* --- reading ----------------------------------------------------------------
 */

ssize_t
read_by(int way, gruvi_stream_t *s, void *buf, size_t len)
{
    switch (way) {
    case READ:
        return gruvi_stream_read(s, buf, len);
    case READ_EXACT:
        return gruvi_stream_read_exact(s, buf, len);
    default:
        return gruvi_stream_read_line(s, buf, len);
    }
}

static int
run_reader(void *arg)
{
    struct reader *r = arg;

    r->result = read_by(r->way, r->stream, r->buf, r->len);
    return 0;
}

void
begin_read(struct reader *r, gruvi_stream_t *stream, int way, size_t len)
{
    memset(r, 0, sizeof *r);
    r->stream = stream;
    r->way = way;
    r->len = len;
    r->fiber = spawn(run_reader, r);
    turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(r->fiber), "read");
}

ssize_t
end_read(struct reader *r)
{
    finish(r->fiber);
    return r->result;
}

void
hears(gruvi_stream_t *s, const char *text)
{
    char buf[4096];
    ssize_t n = gruvi_stream_read(s, buf, sizeof buf - 1);

    ck_assert_int_ge(n, 0);
    buf[n] = '\0';
    ck_assert_str_eq(buf, text);
}

void
hears_line(gruvi_stream_t *s, size_t len, const char *text)
{
    char buf[16384];
    ssize_t n = gruvi_stream_read_line(s, buf, len);

    ck_assert_int_eq(n, (ssize_t)strlen(text));
    buf[n] = '\0';
    ck_assert_str_eq(buf, text);
}

/* --- descriptors ------------------------------------------------------------
 */

static struct rlimit limit_before;
static int taken[256], taken_count;

void
net_spare(int n)
{
    struct rlimit limit;
    int fd = dup(0);

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
    limit = limit_before;
    limit.rlim_cur = (rlim_t)fd + 64 + (rlim_t)n;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    taken_count = 0;
    while ((fd = dup(0)) >= 0) {
        ck_assert_int_lt(taken_count, 256);
        taken[taken_count++] = fd;
    }
    ck_assert_int_eq(errno, EMFILE);
    while (n-- > 0)
        close(taken[--taken_count]);
}

void
net_spare_all(void)
{
    while (taken_count > 0)
        close(taken[--taken_count]);
    setrlimit(RLIMIT_NOFILE, &limit_before);
}

/* --- folders ---------------------------------------------------------------
 */

static char folder[64];

const char *
net_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/gruvi-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return folder;
}

void
net_folder_end(void)
{
    ck_assert_int_eq(remove_folder(folder), 0);
}
