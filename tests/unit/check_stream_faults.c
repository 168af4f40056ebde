/* SPDX-License-Identifier: MIT */
/*
 * Each system call of streams and listeners fails in turn, in each way that it
 * may: a talk of two fibers goes on as if nothing had been, or ends with an
 * error, of which one of them is told; nothing is left, and the next talk is a
 * good one.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "support/valgrind.h"
#include "unit/calls.h"
#include "unit/net.h"

#define BODY    6000 /* more than a stream's buffer */
#define PATIENT 60   /* seconds; more is a hang */
#define MOST    60   /* calls of a kind in a talk */

/* Where the listener is, by index: kinds of net.h first. */
enum { TALK_PATH = NET_KINDS, TALK_FD, TALK_RACE, TALKS };

struct talk {
    int kind;
    gruvi_listener_t *listener; /* NULL: closed */
    int base;                   /* what fd:N stands for; -1: none */
    char address[GRUVI_ADDRESS_SIZE];
    int client, server; /* how it ended for them */
};

static const char *folder;

static void
stop_listening(struct talk *talk)
{
    gruvi_listener_t *listener = talk->listener;

    talk->listener = NULL;
    gruvi_listener_close(listener);
    if (talk->base >= 0)
        close(talk->base);
    talk->base = -1;
}

/* --- what they say ----------------------------------------------------------
 */

static int
expect_eof(gruvi_stream_t *s)
{
    char byte;
    ssize_t n = gruvi_stream_read(s, &byte, 1);

    ck_assert_int_le(n, 0);
    return (int)n;
}

static int
hear_body(gruvi_stream_t *s)
{
    char body[BODY];
    uint32_t len;
    int err;

    if ((err = gruvi_stream_read_exact(s, &len, sizeof len)) < 0)
        return err;
    ck_assert_uint_eq(len, BODY);
    if ((err = gruvi_stream_read_exact(s, body, sizeof body)) < 0)
        return err;
    ck_assert(is_pattern(body, sizeof body, 0));
    return 0;
}

static int
say_body(gruvi_stream_t *s)
{
    char body[BODY];
    uint32_t len = BODY;
    uv_buf_t bufs[3] = {uv_buf_init((char *)&len, sizeof len),
                        uv_buf_init(body, 1), uv_buf_init(body + 1, BODY - 1)};

    fill_pattern(body, sizeof body, 0);
    return gruvi_stream_writev(s, bufs, 3);
}

static int
ask(gruvi_stream_t *s)
{
    int err;

    if ((err = gruvi_stream_write(s, "hello\n", 6)) < 0 ||
        (err = say_body(s)) < 0 || (err = hear_body(s)) < 0 ||
        (err = gruvi_stream_shutdown(s)) < 0)
        return err;
    return expect_eof(s);
}

static int
answer(gruvi_stream_t *s)
{
    char line[64];
    ssize_t n = gruvi_stream_read_line(s, line, sizeof line);
    int err;

    if (n < 0)
        return (int)n;
    if (n < 6)
        return UV_EOF;
    ck_assert_mem_eq(line, "hello\n", 6);
    if ((err = hear_body(s)) < 0 || (err = say_body(s)) < 0 ||
        (err = expect_eof(s)) < 0)
        return err;
    return gruvi_stream_shutdown(s);
}

static int
use(gruvi_stream_t *s, int (*talk)(gruvi_stream_t *))
{
    int err;

    gruvi_stream_set_timeout(s, PATIENT);
    err = talk(s);
    gruvi_stream_close(s);
    return err;
}

/* --- a talk -----------------------------------------------------------------
 */

static int
run_server(void *arg)
{
    struct talk *talk = arg;
    gruvi_stream_t *s;
    int err = UV_ECONNABORTED;

    if (talk->listener != NULL)
        err = gruvi_accept(talk->listener, &s, PATIENT);
    if (err == 0)
        err = use(s, answer);
    if (err < 0)
        stop_listening(talk);
    return err;
}

static int
run_client(struct talk *talk)
{
    gruvi_keepalive_t keepalive = {.idle = 100};
    gruvi_connect_options_t options = {.keepalive = &keepalive};
    char at[GRUVI_ADDRESS_SIZE], many[GRUVI_ADDRESS_SIZE];
    gruvi_stream_t *s;
    int err = gruvi_listener_address(talk->listener, at, sizeof at);

    if (err < 0)
        return err;
    if (talk->kind == NET_TCP)
        options.local = "tcp://127.0.0.1:0";
    snprintf(many, sizeof many, "tcp://many.test%.10s", strrchr(at, ':'));
    err = gruvi_connect(&s, talk->kind == TALK_RACE ? many : at, &options,
                        PATIENT);
    return err < 0 ? err : use(s, ask);
}

/* What is not yet part of it. */
static void
prepare(struct talk *talk, int kind)
{
    struct sockaddr_in at = {.sin_family = AF_INET};

    *talk = (struct talk){.kind = kind, .base = -1};
    if (kind == TALK_PATH) {
        snprintf(talk->address, sizeof talk->address, "unix:%s/s", folder);
    } else if (kind == TALK_FD) {
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        talk->base = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_eq(bind(talk->base, (struct sockaddr *)&at, sizeof at),
                         0);
        ck_assert_int_eq(listen(talk->base, 5), 0);
        snprintf(talk->address, sizeof talk->address, "fd:%d", talk->base);
    } else {
        strcpy(talk->address, net_address(kind == TALK_RACE ? NET_TCP : kind));
    }
}

static void
hold(struct talk *talk)
{
    gruvi_keepalive_t keepalive = {.idle = 100};
    gruvi_listen_options_t options = {.keepalive = &keepalive,
                                      .reuse_port = true};
    gruvi_fiber_t *server;
    int err = gruvi_listen(&talk->listener, talk->address, &options);

    if (err < 0) {
        ck_assert_ptr_null(talk->listener);
        talk->client = talk->server = err;
        stop_listening(talk);
        return;
    }
    server = spawn(run_server, talk);
    talk->client = run_client(talk);
    if (talk->client < 0)
        stop_listening(talk);
    talk->server = finish(server);
    stop_listening(talk);
}

static void
expect_a_good_talk(int kind)
{
    struct talk talk;

    prepare(&talk, kind);
    hold(&talk);
    ck_assert_msg(talk.client == 0 && talk.server == 0,
                  "talk %d: client %s, server %s", kind,
                  gruvi_err_name(talk.client), gruvi_err_name(talk.server));
}

/* --- faults -----------------------------------------------------------------
 */

struct fault {
    const char *name;
    enum call call;
    bool hidden; /* nobody may notice */
    int errors[10];
};

static const struct fault faults[] = {
    {"recv", CALL_RECV, true, {EINTR, EAGAIN}},
    {"recv", CALL_RECV, false, {ECONNRESET, ETIMEDOUT, ENOBUFS, ENOMEM}},
    {"send", CALL_SEND, true, {EINTR, EAGAIN}},
    {"send", CALL_SEND, false, {ECONNRESET, EPIPE, ENOBUFS, ENOMEM}},
    {"sendmsg", CALL_SENDMSG, true, {EINTR, EAGAIN}},
    {"sendmsg", CALL_SENDMSG, false, {ECONNRESET, EPIPE, ENOBUFS, ENOMEM}},
    {"accept4",
     CALL_ACCEPT,
     true,
     {EINTR, EAGAIN, ECONNABORTED, EPROTO, EMFILE, ENFILE, ENOBUFS, ENOMEM}},
    {"accept4", CALL_ACCEPT, false, {EPERM}},
    {"connect", CALL_CONNECT, true, {EINTR}},
    {"connect",
     CALL_CONNECT,
     false,
     {ECONNREFUSED, ECONNRESET, EADDRNOTAVAIL, ETIMEDOUT, EAGAIN, ENOBUFS,
      ENOMEM}},
    {"socket", CALL_SOCKET, false, {EMFILE, ENFILE, ENOBUFS, ENOMEM}},
    {"bind", CALL_BIND, false, {EADDRINUSE, EACCES, ENOBUFS, ENOMEM}},
    {"listen", CALL_LISTEN, false, {EADDRINUSE, ENOBUFS}},
    {"shutdown", CALL_SHUTDOWN, false, {ENOTCONN, ENOBUFS}},
    {"getsockname", CALL_GETSOCKNAME, false, {ENOBUFS}},
    {"getsockopt", CALL_GETSOCKOPT, false, {ENOBUFS}},
    {"setsockopt", CALL_SETSOCKOPT, false, {ENOBUFS, ENOMEM}},
    {"fcntl", CALL_FCNTL, false, {EBADF}},
    {"fcntl", CALL_DUPFD, false, {EMFILE}},
    {"epoll_ctl", CALL_WATCH, false, {ENOMEM, ENOSPC}},
};
#define FAULTS ((int)(sizeof faults / sizeof *faults))

/* What follows from a fault for those who were not told of it. */
static bool
is_consequence(const struct talk *talk, int err)
{
    switch (err) {
    case 0:
    case UV_EOF:
    case UV_EPIPE:
    case UV_ECONNRESET:
    case UV_ECONNABORTED:
    case UV_ENOTCONN:
        return true;
    default:
        /* Nobody listens at the addresses that are tried next. */
        return talk->kind == TALK_RACE && err == UV_ECONNREFUSED;
    }
}

static void
judge(const struct talk *talk, const struct fault *fault, int err, int n)
{
    bool told = talk->client == -err || talk->server == -err;
    bool good = talk->client == 0 && talk->server == 0;
    bool fine =
        good || (!fault->hidden && (told || (talk->kind == TALK_RACE &&
                                             talk->client == UV_ECONNREFUSED)));

    if (talk->client != -err && !is_consequence(talk, talk->client))
        fine = false;
    if (talk->server != -err && !is_consequence(talk, talk->server))
        fine = false;
    ck_assert_msg(fine, "talk %d, %s %d fails with %s: client %s, server %s",
                  talk->kind, fault->name, n, gruvi_err_name(-err),
                  gruvi_err_name(talk->client), gruvi_err_name(talk->server));
}

/* Returns whether there was an nth call. */
static bool
try_fault(int kind, const struct fault *fault, int err, unsigned n,
          unsigned times)
{
    struct talk talk;
    unsigned made;

    prepare(&talk, kind);
    made = calls[fault->call];
    fail_calls_after(n, fault->call, err, times);
    hold(&talk);
    made = calls[fault->call] - made;
    fail_calls(fault->call, 0, 0);
    judge(&talk, fault, err, (int)n);
    return made > n;
}

static bool
is_waited_for(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static unsigned
sweep(gruvi_hub_t *hub, int kind, const struct fault *fault, int err)
{
    int before = open_descriptors();
    unsigned n = 0, most = 3;

    /* Valgrind takes its time.  An accept that goes on without descriptors
     * waits for them a while. */
    if (RUNNING_ON_VALGRIND ||
        (fault->call == CALL_ACCEPT && is_waited_for(err)))
        most = 1;
    for (unsigned times = 1; times <= most; times += 2) {
        for (n = 0; try_fault(kind, fault, err, n, times); n++) {
            ck_assert_uint_lt(n, MOST);
            ck_assert_msg(open_descriptors() == before,
                          "talk %d, %s %u fails with %s: a descriptor is left",
                          kind, fault->name, n, gruvi_err_name(-err));
            ck_assert_uint_eq(fibers_of(hub), 0);
        }
    }
    expect_a_good_talk(kind);
    return n;
}

HUB_TEST(test_each_call_fails_in_turn)
{
    const struct fault *fault = &faults[i];
    unsigned n = 0;

    folder = net_folder();
    for (int kind = 0; kind < TALKS; kind++) {
        expect_a_good_talk(kind);
        for (const int *err = fault->errors; *err != 0; err++)
            n += sweep(hub, kind, fault, *err);
    }
    ck_assert_msg(n > 0, "nobody calls %s", fault->name);
    net_folder_end();
}

/* A file that nobody listens on any more has to be tried before it goes. */
HUB_TEST(test_a_shortage_is_not_an_address_in_use)
{
    static const int errors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s/s", net_folder());
    snprintf(address, sizeof address, "unix:%s", at.sun_path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    for (int n = 0; n < 4; n++) {
        fail_calls_after(1, CALL_SOCKET, errors[n], 1);
        ck_assert_int_eq(gruvi_listen(&listener, address, NULL), -errors[n]);
    }
    ck_assert_int_eq(gruvi_listen(&listener, address, NULL), 0);
    gruvi_listener_close(listener);
    net_folder_end();
}

HUB_TEST(test_calls_that_do_little_do_all_in_the_end)
{
    static const size_t most[] = {1, 7, 4095};

    folder = net_folder();
    shorten_calls(most[i]);
    for (int kind = 0; kind < TALKS; kind++)
        expect_a_good_talk(kind);
    shorten_calls(0);
    net_folder_end();
}

int
main(void)
{
    Suite *suite = suite_create("stream_faults");
    TCase *tc = tcase_create("faults");

    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, test_each_call_fails_in_turn, 0, FAULTS);
    tcase_add_test(tc, test_a_shortage_is_not_an_address_in_use);
    tcase_add_loop_test(tc, test_calls_that_do_little_do_all_in_the_end, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
