/* SPDX-License-Identifier: MIT */
/*
 * Streams and programs that others wrote: socat serves, and is served, over TCP
 * and Unix sockets.  Each side says that nothing more comes, and reads on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "unit/net.h"
#include "unit/processes.h"

#define AMOUNT 200000

static bool
have_socat(void)
{
    if (system("command -v socat > /dev/null") == 0)
        return true;
    printf("skipped: there is no socat\n");
    return false;
}

static gruvi_process_t *
begin_socat(char *first, char *second)
{
    char *args[] = {"socat", "-d", "-d", "-t", "90", first, second, NULL};
    gruvi_process_options_t options = {.args = args};

    for (int fd = 0; fd < 3; fd++)
        options.stdio[fd].kind = GRUVI_STDIO_PIPE;
    return begin_process(&options);
}

/* Until it says where it listens; as an address of ours. */
static void
find_address(gruvi_process_t *p, char *address)
{
    static const char says[] = "listening on AF=2 127.0.0.1:";
    gruvi_stream_t *err = gruvi_process_stream(p, 2);
    char line[512], *at;
    ssize_t n;

    do {
        n = gruvi_stream_read_line(err, line, sizeof line - 1);
        ck_assert_int_gt(n, 0);
        line[n - 1] = '\0';
    } while (strstr(line, "listening on") == NULL);
    at = strstr(line, says);
    if (at != NULL)
        snprintf(address, GRUVI_ADDRESS_SIZE, "tcp://127.0.0.1:%s",
                 at + strlen(says));
}

static int
send_pattern(void *arg)
{
    char *data = malloc(AMOUNT);
    int err;

    ck_assert_ptr_nonnull(data);
    fill_pattern(data, AMOUNT, 0);
    err = gruvi_stream_write(arg, data, AMOUNT);
    free(data);
    return err < 0 ? err : gruvi_stream_shutdown(arg);
}

/* All of it, and then the end. */
static void
receive_pattern(gruvi_stream_t *s)
{
    char *data = malloc(AMOUNT), byte;

    ck_assert_ptr_nonnull(data);
    ck_assert_int_eq(gruvi_stream_read_exact(s, data, AMOUNT), 0);
    ck_assert(is_pattern(data, AMOUNT, 0));
    ck_assert_int_eq(gruvi_stream_read(s, &byte, 1), 0);
    free(data);
}

static void
send_and_receive(gruvi_stream_t *to, gruvi_stream_t *from)
{
    gruvi_fiber_t *sender = spawn(send_pattern, to);

    receive_pattern(from);
    ck_assert_int_eq(finish(sender), 0);
}

/* i: over TCP, or over a Unix socket */
HUB_TEST(test_socat_sends_back_what_we_send)
{
    char address[GRUVI_ADDRESS_SIZE], listens[GRUVI_ADDRESS_SIZE];
    const char *folder = net_folder();
    gruvi_process_t *socat;
    gruvi_stream_t *s;

    if (have_socat()) {
        strcpy(listens, "TCP4-LISTEN:0,bind=127.0.0.1");
        if (i == NET_UNIX)
            snprintf(listens, sizeof listens, "UNIX-LISTEN:%s/s", folder);
        snprintf(address, sizeof address, "unix:%s/s", folder);
        socat = begin_socat(listens, "EXEC:cat");
        find_address(socat, address);
        ck_assert_int_eq(gruvi_connect(&s, address, NULL, 60), 0);
        send_and_receive(s, s);
        gruvi_stream_close(s);
        ends_with(socat, 0, 0);
        gruvi_process_close(socat);
    }
    net_folder_end();
}

static int
echo(gruvi_stream_t *s, void *arg)
{
    char buf[3000];
    ssize_t n;
    int err = 0;

    (void)arg;
    while (err == 0 && (n = gruvi_stream_read(s, buf, sizeof buf)) > 0)
        err = gruvi_stream_write(s, buf, (size_t)n);
    return err < 0 ? err : (int)n;
}

static int
run_server(void *arg)
{
    return gruvi_serve(arg, echo, NULL, NULL);
}

HUB_TEST(test_socat_gets_back_what_it_sends)
{
    char address[GRUVI_ADDRESS_SIZE], connects[2 * GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    gruvi_process_t *socat;
    gruvi_fiber_t *server;

    if (!have_socat())
        return;
    listener = net_listen(i, address);
    server = spawn(run_server, listener);
    if (i == NET_TCP)
        snprintf(connects, sizeof connects, "TCP4:%s",
                 address + strlen("tcp://"));
    else
        snprintf(connects, sizeof connects, "ABSTRACT-CONNECT:%s",
                 address + strlen("unix:@"));
    socat = begin_socat("STDIO", connects);
    send_and_receive(gruvi_process_stream(socat, 0),
                     gruvi_process_stream(socat, 1));
    ends_with(socat, 0, 0);
    gruvi_process_close(socat);
    gruvi_fiber_cancel(server, NULL);
    ck_assert_int_eq(finish(server), UV_ECANCELED);
    gruvi_listener_close(listener);
}

int
main(void)
{
    Suite *suite = suite_create("interop_socat");
    TCase *tc = tcase_create("socat");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_socat_sends_back_what_we_send, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_socat_gets_back_what_it_sends, 0, NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
