/* SPDX-License-Identifier: MIT */
/* TLS with programs that are not ours: curl, openssl s_server and s_client. */
#include "unit/tls.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#define BIG 1000000

/* A program, with its output in a pipe. */
struct program {
    pid_t pid;
    FILE *out;
};

static bool
have(const char *command)
{
    if (system(command) == 0)
        return true;
    printf("skipped: %s fails\n", command);
    return false;
}

/* Both are closed on exec, as all that a hub has. */
static void
begin_program(struct program *p, const char *const argv[])
{
    int fds[2];

    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    p->pid = fork();
    ck_assert_int_ge(p->pid, 0);
    if (p->pid == 0) {
        dup2(fds[1], 1);
        dup2(fds[1], 2);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(fds[1]);
    p->out = fdopen(fds[0], "r");
    ck_assert_ptr_nonnull(p->out);
}

/* Wait for its end without standing still, and read what it has said, which is
 * little; its exit status. */
static int
end_program(struct program *p, char *said, size_t size)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(p->pid, &status, WNOHANG)) == 0)
        ck_assert_int_eq(gruvi_sleep(0.002), 0);
    ck_assert_int_eq(pid, p->pid);
    said[fread(said, 1, size - 1, p->out)] = '\0';
    fclose(p->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- curl -------------------------------------------------------------------
 */

/* One request, and an answer of BIG bytes. */
static int
answer(gruvi_stream_t *s, void *arg)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"
                               "Connection: close\r\n\r\n";
    static char body[BIG];
    uv_buf_t bufs[2] = {uv_buf_init((char *)(uintptr_t)head, sizeof head - 1),
                        uv_buf_init(body, BIG)};
    char line[1000];
    ssize_t n;

    (void)arg;
    while ((n = gruvi_stream_read_line(s, line, sizeof line)) > 2)
        ;
    return n < 0 ? (int)n : gruvi_stream_writev(s, bufs, 2);
}

static int
serve(void *arg)
{
    return gruvi_serve(arg, answer, NULL, NULL);
}

/* i: of 1.2, of 1.3; it trusts us; it does not */
HUB_TEST(test_curl_gets_an_answer)
{
    bool trusts = i < 2;
    char address[GRUVI_ADDRESS_SIZE], url[GRUVI_ADDRESS_SIZE + 8];
    const char *argv[] = {"curl",
                          "-sS",
                          "-o",
                          "/dev/null",
                          "-w",
                          "%{size_download} %{ssl_verify_result}",
                          "--cacert",
                          certificate(trusts ? "ca.pem" : "other_ca.pem"),
                          "--tlsv1.2",
                          "--tls-max",
                          i == 0 ? "1.2" : "1.3",
                          url,
                          NULL};
    gruvi_listener_t *listener;
    struct program curl;
    gruvi_fiber_t *server;
    char said[1000];

    if (!have("curl --version > /dev/null 2>&1"))
        return;
    listener = tls_listen(server_of("good"), address);
    server = spawn(serve, listener);
    snprintf(url, sizeof url, "https%s/", address + 3);
    begin_program(&curl, argv);
    /* 60: the certificate is not to be trusted */
    ck_assert_int_eq(end_program(&curl, said, sizeof said), trusts ? 0 : 60);
    if (trusts)
        ck_assert_str_eq(said, "1000000 0");
    gruvi_fiber_cancel(server, NULL);
    ck_assert_int_eq(finish(server), UV_ECANCELED);
    gruvi_listener_close(listener);
}

/* --- s_server ---------------------------------------------------------------
 */

/* The port is in one of the first lines: "ACCEPT 127.0.0.1:4711". */
static int
port_of(struct program *p)
{
    char line[200];
    size_t n;

    do {
        n = 0;
        do {
            ck_assert_uint_lt(n, sizeof line - 1);
            ck_assert_int_ge(
                gruvi_wait_fd(fileno(p->out), UV_READABLE, GRUVI_FOREVER), 0);
            ck_assert_int_eq(read(fileno(p->out), &line[n], 1), 1);
        } while (line[n++] != '\n');
        line[n] = '\0';
    } while (strncmp(line, "ACCEPT ", 7) != 0);
    return atoi(strrchr(line, ':') + 1);
}

/* It sends each line back in reverse.  The second connection is resumed. */
HUB_TEST(test_a_client_talks_to_s_server)
{
    const char *argv[] = {"openssl", "s_server",
                          "-accept", "127.0.0.1:0",
                          "-cert",   certificate("good.pem"),
                          "-key",    certificate("good.key"),
                          "-rev",    "-alpn",
                          "h2,rev",  i == 0 ? "-tls1_2" : "-tls1_3",
                          NULL};
    static const char *const alpn[] = {"other", "rev", NULL};
    gruvi_tls_options_t own = {.authorities = certificate("ca.pem"),
                               .alpn = alpn};
    gruvi_connect_options_t options = {.tls = gruvi_tls_new(&own)};
    char address[GRUVI_ADDRESS_SIZE], said[1000];
    struct program server;
    gruvi_tls_info_t info;
    gruvi_stream_t *s;

    if (have("openssl version > /dev/null 2>&1")) {
        begin_program(&server, argv);
        snprintf(address, sizeof address, "tls://127.0.0.1:%d",
                 port_of(&server));
        for (int n = 0; n < 2; n++) {
            ck_assert_int_eq(
                gruvi_connect(&s, address, &options, GRUVI_FOREVER), 0);
            ck_assert_int_eq(gruvi_tls_info(s, &info), 0);
            ck_assert_str_eq(info.alpn, "rev");
            ck_assert_str_eq(info.version, i == 0 ? "TLSv1.2" : "TLSv1.3");
            ck_assert_int_eq(info.resumed, n == 1);
            ck_assert_int_eq(gruvi_stream_write(s, "hello\n", 6), 0);
            hears_line(s, 100, "olleh\n");
            gruvi_stream_close(s);
        }
        kill(server.pid, SIGTERM);
        end_program(&server, said, sizeof said);
    }
    gruvi_tls_unref(options.tls);
}

/* --- s_client ---------------------------------------------------------------
 */

/* As a server of SMTP, which begins in clear. */
static int
greet(void *arg)
{
    gruvi_tls_t *tls = server_of("good");
    gruvi_stream_t *s;
    char line[1000];

    ck_assert_int_eq(gruvi_accept(arg, &s, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_stream_printf(s, "220 hello\r\n"), 0);
    ck_assert_int_gt(gruvi_stream_read_text(s, line, sizeof line), 0);
    ck_assert_int_eq(strncmp(line, "EHLO ", 5), 0);
    ck_assert_int_eq(gruvi_stream_printf(s, "250-me\r\n250 STARTTLS\r\n"), 0);
    ck_assert_int_gt(gruvi_stream_read_text(s, line, sizeof line), 0);
    ck_assert_str_eq(line, "STARTTLS");
    ck_assert_int_eq(gruvi_stream_printf(s, "220 go\r\n"), 0);
    ck_assert_int_eq(gruvi_tls_start_server(s, tls, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_stream_printf(s, "it is safe\n"), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(s), 0);
    gruvi_stream_close(s);
    gruvi_tls_unref(tls);
    return 0;
}

HUB_TEST(test_s_client_begins_tls_on_an_open_connection)
{
    char address[GRUVI_ADDRESS_SIZE], said[8192];
    const char *argv[] = {"openssl",
                          "s_client",
                          "-quiet",
                          "-starttls",
                          "smtp",
                          "-CAfile",
                          certificate("ca.pem"),
                          "-verify_ip",
                          "127.0.0.1",
                          "-verify_return_error",
                          i == 0 ? "-tls1_2" : "-tls1_3",
                          "-connect",
                          address + 6,
                          NULL};
    gruvi_listener_t *listener;
    gruvi_fiber_t *server;
    struct program client;

    if (!have("openssl version > /dev/null 2>&1"))
        return;
    listener = net_listen(NET_TCP, address);
    server = spawn(greet, listener);
    begin_program(&client, argv);
    ck_assert_int_eq(finish(server), 0);
    ck_assert_int_eq(end_program(&client, said, sizeof said), 0);
    ck_assert_msg(strstr(said, "it is safe\n") != NULL, "%s", said);
    gruvi_listener_close(listener);
}

/* --- stacks -----------------------------------------------------------------
 */

struct deep {
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
};

static int
serve_deep(void *arg)
{
    struct deep *d = arg;
    gruvi_stream_t *s;
    char c;

    ck_assert_int_eq(gruvi_accept(d->listener, &s, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_stream_read(s, &c, 1), 1);
    ck_assert_int_eq(gruvi_stream_write(s, &c, 1), 0);
    gruvi_stream_close(s);
    return 0;
}

static int
connect_deep(void *arg)
{
    struct deep *d = arg;
    gruvi_connect_options_t options = {.tls = client_of("ca.pem")};
    gruvi_stream_t *s;
    char c;

    ck_assert_int_eq(gruvi_connect(&s, d->address, &options, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_stream_write(s, "x", 1), 0);
    ck_assert_int_eq(gruvi_stream_read(s, &c, 1), 1);
    gruvi_stream_close(s);
    gruvi_tls_unref(options.tls);
    return 0;
}

/* Credentials, handshakes and all: half of a stack's usual size will do.  The
 * page below it is guarded. */
HUB_TEST(test_no_deep_stack_is_needed)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    gruvi_fiber_options_t options = {0};
#else
    gruvi_fiber_options_t options = {.stack_size = 65536};
#endif
    struct deep d;
    gruvi_fiber_t *server, *client;

    d.listener = tls_listen(server_of("good"), d.address);
    server = gruvi_spawn_ex(serve_deep, &d, &options);
    client = gruvi_spawn_ex(connect_deep, &d, &options);
    ck_assert_int_eq(finish(client), 0);
    ck_assert_int_eq(finish(server), 0);
    gruvi_listener_close(d.listener);
}

int
main(void)
{
    Suite *suite = suite_create("interop_tls");
    TCase *tc = tcase_create("programs");

    tcase_set_timeout(tc, 60);
    certificate("ca.pem");
    tcase_add_loop_test(tc, test_curl_gets_an_answer, 0, 3);
    tcase_add_loop_test(tc, test_a_client_talks_to_s_server, 0, 2);
    tcase_add_loop_test(tc, test_s_client_begins_tls_on_an_open_connection, 0,
                        2);
    tcase_add_test(tc, test_no_deep_stack_is_needed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
