/* SPDX-License-Identifier: MIT */
/* gruvictl: its command line, its tables, and peers that are no gruvid. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/control_client.h"

#define SERVING CONTROL "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

/* What a run has said, and its exit status. */
struct said {
    char out[1 << 20], err[16 << 10];
    int status;
};

static struct said said;

/* --- running it --------------------------------------------------------------
 */

static void
become_gruvictl(const char *path, const char *const *args)
{
    const char *dir = getenv("top_builddir"), *argv[16];
    char program[512];
    size_t n = 0;

    snprintf(program, sizeof program, "%s/tools/gruvictl/gruvictl",
             dir == NULL ? "." : dir);
    argv[n++] = program;
    if (path != NULL) {
        argv[n++] = "-s";
        argv[n++] = path;
    }
    while (*args != NULL)
        argv[n++] = *args++;
    argv[n] = NULL;
    execv(program, (char *const *)argv);
    _exit(127);
}

/* Read until the other side is closed; a terminal says EIO then. */
static void
read_all(int fd, char *buf, size_t size)
{
    size_t length = 0;
    ssize_t n;

    while ((n = read(fd, buf + length, size - 1 - length)) > 0) {
        length += (size_t)n;
        ck_assert_uint_lt(length, size - 1);
    }
    buf[length] = '\0';
    close(fd);
}

static int
end_of(pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Run it without a terminal; NULL ends its arguments. */
static int
run_with(const char *path, const char *const *args)
{
    int out[2], err[2];
    pid_t pid;

    ck_assert_int_eq(pipe(out), 0);
    ck_assert_int_eq(pipe(err), 0);
    pid = fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]);
        close(err[0]);
        become_gruvictl(path, args);
    }
    close(out[1]);
    close(err[1]);
    read_all(out[0], said.out, sizeof said.out);
    read_all(err[0], said.err, sizeof said.err);
    said.status = end_of(pid);
    return said.status;
}

#define RUN(path, ...)                                                         \
    run_with((path), (const char *const[]){__VA_ARGS__, NULL})

/* With a full disk as its output. */
static int
run_on_full_disk(const char *path, const char *const *args)
{
    int err[2];
    pid_t pid;

    ck_assert_int_eq(pipe(err), 0);
    pid = fork();
    if (pid == 0) {
        dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(err[0]);
        become_gruvictl(path, args);
    }
    close(err[1]);
    read_all(err[0], said.err, sizeof said.err);
    said.status = end_of(pid);
    return said.status;
}

/* The same on a terminal of so many columns. */
static int
run_on_terminal(const char *path, unsigned short columns,
                const char *const *args)
{
    struct winsize size = {.ws_row = 50, .ws_col = columns};
    int terminal;
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);

    if (pid == 0) {
        setenv("TERM", "xterm", 1);
        become_gruvictl(path, args);
    }
    read_all(terminal, said.out, sizeof said.out);
    said.err[0] = '\0';
    said.status = end_of(pid);
    return said.status;
}

static void
expect_out(const char *text)
{
    ck_assert_msg(strstr(said.out, text) != NULL, "'%s' is not in '%s'", text,
                  said.out);
}

static void
expect_err(const char *text)
{
    ck_assert_msg(strstr(said.err, text) != NULL, "'%s' is not in '%s'", text,
                  said.err);
}

/* In characters, without colours. */
static size_t
widest_line(void)
{
    size_t widest = 0, width = 0;

    for (const char *c = said.out; *c != '\0'; c++) {
        if (*c == '\033')
            c += strcspn(c, "m");
        else if (*c == '\n' || *c == '\r')
            width = 0;
        else if ((*c & 0xc0) != 0x80 && ++width > widest)
            widest = width;
    }
    return widest;
}

/* --- the command line
 * --------------------------------------------------------- */

START_TEST(test_mistakes_of_the_command_line_are_2)
{
    static const char *const lines[][5] = {
        {NULL},
        {"dance"},
        {"restart"},
        {"log-level"},
        {"status", "x"},
        {"status", "--stacks"},
        {"stop", "--no-wait=1"},
        {"connections", "--plugin"},
        {"connections", "--limit", "many"},
        {"connections", "--limit", "-1"},
        {"--timeout", "x", "status"},
        {"status", "-s"},
        {"status", "-s", ""},
        {"log-level", "a", "b", "c"},
        {"restart", "\xff"},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_int_eq(run_with("/nowhere", lines[i]), 2);
        expect_err("usage: gruvictl");
        ck_assert_str_eq(said.out, "");
    }
}
END_TEST

START_TEST(test_help_and_version_ask_nobody)
{
    static const char *const commands[] = {
        "status", "plugins", "hubs", "fibers", "pools", "connections", "config",
        "reload", "restart", "stop", "top",    "trace", "log-level",
    };

    ck_assert_int_eq(RUN("/nowhere", "--help"), 0);
    expect_out("\n  log-level ");
    expect_out("/run/gruvid/control.sock");
    ck_assert_uint_le(widest_line(), 80);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        ck_assert_int_eq(RUN("/nowhere", commands[i], "--help"), 0);
        ck_assert_uint_le(widest_line(), 80);
    }
    ck_assert_int_eq(RUN("/nowhere", "connections", "--help"), 0);
    expect_out(
        "usage: gruvictl [-s PATH] [--json] connections [--plugin NAME]");
    ck_assert_int_eq(RUN("/nowhere", "log-level", "-h"), 0);
    expect_out("log-level LEVEL [PLUGIN]\n");
    ck_assert_int_eq(RUN("/nowhere", "--version"), 0);
    expect_out("gruvictl ");
}
END_TEST

START_TEST(test_nobody_there_is_69_and_says_what_to_check)
{
    char path[200];

    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(RUN("/nowhere/control.sock", "status"), 69);
    expect_err("/nowhere/control.sock: nobody is there.");
    expect_err("[gruvid] control");
    ck_assert_int_eq(RUN(path, "status"), 69);
    expect_err("too long");
    setenv("GRUVID_CONTROL", "/elsewhere", 1);
    ck_assert_int_eq(RUN(NULL, "status"), 69);
    expect_err("/elsewhere: nobody");
    setenv("GRUVID_CONTROL", "", 1);
    ck_assert_int_eq(RUN(NULL, "--help"), 0);
}
END_TEST

START_TEST(test_what_is_no_socket_is_named_so)
{
    static const char *const paths[] = {"/", "/dev/null", "/proc/self/stat"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ck_assert_int_eq(RUN(paths[i], "status"), 69);
        expect_err(": this is no socket");
        ck_assert_ptr_null(strstr(said.err, "killed"));
    }
}
END_TEST

START_TEST(test_what_a_killed_gruvid_has_left_is_69)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);

    gruvid_stop(g, SIGKILL);
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "status"), 69);
    expect_err("nobody is there any more");
}
END_TEST

/* --- with a gruvid
 * ------------------------------------------------------------ */

START_TEST(test_each_command_shows_something)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    const char *path = gruvid_path(g, "control.sock");

    ck_assert_int_eq(RUN(path, "status"), 0);
    expect_out(": serving, up for ");
    expect_out("\nconnections: 0, accepted so far: 0\n");
    ck_assert_int_eq(RUN(path, "plugins"), 0);
    expect_out("PLUGIN  GEN  STATE ");
    expect_out("\ntrial     1  serving ");
    ck_assert_int_eq(RUN(path, "hubs"), 0);
    expect_out("HUB  ANSWERS");
    ck_assert_int_eq(RUN(path, "pools"), 0);
    expect_out("\nio  ");
    ck_assert_int_eq(RUN(path, "config"), 0);
    expect_out("[plugin trial]\n");
    expect_out("\nlisten = tcp://127.0.0.1:0  ; ");
    expect_out("\n;serve = echo\n");
    ck_assert_int_eq(RUN(path, "log-level", "debug", "trial"), 0);
    expect_out("log level of plugin trial: debug, was info\n");
    ck_assert_int_eq(RUN(path, "reload"), 0);
    expect_out("reload 1: taken in ");
    ck_assert_int_eq(RUN(path, "status"), 0);
    expect_out("last reload: ");
    ck_assert_int_eq(RUN(path, "top", "--count", "2", "--seconds", "0.01"), 0);
    expect_out("ACCEPTED/S");
}
END_TEST

START_TEST(test_refusals_are_1_with_the_reason)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    const char *path = gruvid_path(g, "control.sock");

    ck_assert_int_eq(RUN(path, "log-level", "loud"), 1);
    expect_err("gruvictl: \"loud\" is not a level");
    ck_assert_int_eq(RUN(path, "restart", "nobody"), 1);
    expect_err("there is no plugin \"nobody\"");
    ck_assert_str_eq(said.out, "");
}
END_TEST

/* A look that goes on without end ends, too. */
START_TEST(test_output_that_cannot_be_written_is_1)
{
    static const char *const lines[][5] = {
        {"status"},
        {"--json", "plugins"},
        {"top", "--seconds", "0.01"},
        {"--json", "top", "--seconds", "0.01"},
        {"--help"},
    };
    struct gruvid *g = gruvid_ready(SERVING, NULL);

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_int_eq(
            run_on_full_disk(gruvid_path(g, "control.sock"), lines[i]), 1);
        expect_err("gruvictl: the output cannot be written");
    }
}
END_TEST

START_TEST(test_a_reload_that_fails_prints_every_reason)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    FILE *file = fopen(gruvid_path(g, "gruvid.conf"), "a");

    fputs("colour = red\nwhole = many\n", file);
    fclose(file);
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "reload"), 1);
    expect_err("the reload has failed, for 2 reasons; the old configuration");
    expect_err("colour: unknown key");
    expect_err("whole: ");
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "status"), 0);
    expect_out("refused after ");
}
END_TEST

/* The rest is taken. */
START_TEST(test_a_reload_says_what_needs_a_restart_and_is_no_failure)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    const char *path = gruvid_path(g, "control.sock");

    gruvid_configure(g, CONTROL "hubs = 2\nuser = nobody\n"
                                "[fibers]\nstack_size = 1M\n"
                                "[plugin trial]\nwhole = 77\n");
    ck_assert_int_eq(RUN(path, "reload"), 0);
    expect_out("gruvid.hubs stays \"1\": restart gruvid to have \"2\"\n");
    expect_out("gruvid.user stays \"\": restart gruvid to have \"nobody\"\n");
    expect_out("fibers.stack_size stays \"128K\": restart gruvid to have "
               "\"1M\"\n");
    ck_assert_str_eq(said.err, "");
    gruvid_says(g, "gruvid.user stays \"\": restart gruvid to have");
    ck_assert_int_eq(RUN(path, "config"), 0);
    expect_out("\nwhole = 77  ; ");
}
END_TEST

START_TEST(test_fibers_are_shown_by_group_also_where_there_are_none)
{
    struct gruvid *g = gruvid_ready(
        SERVING "[plugin parked]\nfibers = 50\n[plugin silent]\n", NULL);
    const char *path = gruvid_path(g, "control.sock");

    ck_assert_int_eq(RUN(path, "fibers", "--group", "--plugin", "parked"), 0);
    expect_out("50 ");
    expect_out("event");
    ck_assert_ptr_null(strstr(said.out, "trial"));
    ck_assert_int_eq(RUN(path, "fibers", "--group", "--plugin", "silent"), 0);
    ck_assert_ptr_null(strstr(said.out, "event"));
    ck_assert_int_eq(RUN(path, "fibers", "--group", "--plugin", "nobody"), 1);
    expect_err("there is no plugin \"nobody\"");
}
END_TEST

START_TEST(test_json_is_one_line_for_scripts)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);

    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "--json", "plugins"),
                     0);
    ck_assert_int_eq(said.out[0], '{');
    ck_assert_str_eq(strchr(said.out, '\n'), "\n");
    expect_out("\"plugins\":[{\"plugin\":\"trial\"");
    expect_out("\"modules\":[");
    ck_assert_ptr_null(strstr(said.out, "\"more\""));
}
END_TEST

START_TEST(test_stop_returns_when_the_process_has_ended)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);

    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "stop"), 0);
    ck_assert_int_eq(waitpid(g->pid, &g->status, WNOHANG), g->pid);
    g->pid = 0;
    ck_assert_int_eq(g->status, 0);
    ck_assert_str_eq(said.err, "");
}
END_TEST

/* Something else ends it: it says nothing more. */
START_TEST(test_stop_returns_when_the_process_is_killed)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    int held = connect_to(g, 0), status;
    pid_t pid;

    send_text(held, "x\n");
    expect_text(held, "x\n");
    pid = fork();
    if (pid == 0)
        become_gruvictl(gruvid_path(g, "control.sock"),
                        (const char *const[]){"stop", NULL});
    gruvid_says(g, "1 connection left");
    gruvid_stop(g, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    close(held);
}
END_TEST

/* On a terminal it says what the stop waits for. */
START_TEST(test_stop_says_how_far_it_is)
{
    struct gruvid *g =
        gruvid_ready(CONTROL "drain_timeout = 2s\n"
                             "[plugin trial]\nlisten = tcp://127.0.0.1:0\n",
                     NULL);
    int held = connect_to(g, 0);

    send_text(held, "x\n");
    expect_text(held, "x\n");
    ck_assert_int_eq(run_on_terminal(gruvid_path(g, "control.sock"), 80,
                                     (const char *const[]){"stop", NULL}),
                     0);
    expect_out("stopping: connections drain; connections: 1");
    close(held);
}
END_TEST

START_TEST(test_stop_says_how_gruvid_has_ended)
{
    struct gruvid *g = gruvid_ready("[gruvid]\ncontrol = @DIR@/control.sock\n"
                                    "cancel_timeout = 10ms\n"
                                    "[plugin trial]\nfiber = stubborn\n",
                                    NULL);

    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "stop"), 0);
    expect_err("has ended with status 75");
    ck_assert_int_eq(gruvid_wait(g), 75);
}
END_TEST

/* --- terminals
 * ------------------------------------------------------------------ */

START_TEST(test_tables_fit_the_terminal)
{
    struct gruvid *g = gruvid_ready(
        SERVING "[plugin a-plugin-with-a-name-of-some-30]\nmodule = trial\n",
        NULL);
    static const unsigned short widths[] = {200, 100, 80, 60, 40, 30};

    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        ck_assert_int_eq(
            run_on_terminal(gruvid_path(g, "control.sock"), widths[i],
                            (const char *const[]){"plugins", NULL}),
            0);
        ck_assert_uint_le(widest_line(), widths[i]);
        expect_out("PLUGIN");
        expect_out("STATE");
    }
}
END_TEST

START_TEST(test_colours_are_for_terminals_only)
{
    struct gruvid *g = gruvid_ready(SERVING, NULL);
    const char *path = gruvid_path(g, "control.sock");
    static const char *const plugins[] = {"plugins", NULL};

    run_on_terminal(path, 80, plugins);
    expect_out("\033[32mserving");
    setenv("NO_COLOR", "1", 1);
    run_on_terminal(path, 80, plugins);
    ck_assert_ptr_null(strchr(said.out, '\033'));
    unsetenv("NO_COLOR");
    RUN(path, "plugins");
    ck_assert_ptr_null(strchr(said.out, '\033'));
}
END_TEST

/* --- peers that are no gruvid
 * ---------------------------------------------------- */

static char peer_dir[32], peer_path[64];
static pid_t peer;

static void
end_peer(void)
{
    if (peer > 0) {
        kill(peer, SIGKILL);
        waitpid(peer, NULL, 0);
    }
    peer = 0;
    unlink(peer_path);
    rmdir(peer_dir);
}

enum manner { ONCE, EACH_TIME, FOR_EVER };

/* What a server does with a connection. */
static void
serve(int fd, const char *text, enum manner manner)
{
    char request[4096];

    while (recv(fd, request, sizeof request, 0) > 0) {
        while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0 &&
               manner == FOR_EVER)
            ;
        if (manner == ONCE)
            break;
    }
    close(fd);
}

/* A server that answers a request, each, or the first without an end. */
static void
begin_peer(const char *text, enum manner manner)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

    end_peer();
    strcpy(peer_dir, "/tmp/gruvictl-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(peer_dir));
    snprintf(peer_path, sizeof peer_path, "%s/sock", peer_dir);
    strcpy(address.sun_path, peer_path);
    ck_assert_int_eq(
        bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    peer = fork();
    if (peer == 0) {
        while ((fd = accept(listener, NULL, NULL)) >= 0)
            serve(fd, text, manner);
        _exit(0);
    }
    close(listener);
}

START_TEST(test_garbage_is_no_answer)
{
    static const char *const answers[] = {
        "\n",
        "garbage\n",
        "[]\n",
        "{}\n",
        "null\n",
        "\xff\xfe\n",
        "{\"ok\":1}\n",
        "{\"ok\":\"true\"}\n",
        "1\n",
        "{\"ok\":true\n",
        "{\"ok\":true,\"ok\":true}\n",
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        begin_peer(answers[i], ONCE);
        ck_assert_int_eq(RUN(peer_path, "status"), 69);
        expect_err("what listens there is no gruvid");
        ck_assert_str_eq(said.out, "");
        ck_assert_int_eq(RUN(peer_path, "stop"), 69);
    }
    end_peer();
}
END_TEST

START_TEST(test_an_answer_that_breaks_off_is_69)
{
    begin_peer("{\"ok\":true,\"more\":true,\"hubs\":[]}\n{\"ok\":", ONCE);
    ck_assert_int_eq(RUN(peer_path, "hubs"), 69);
    expect_err("gruvid has gone");
    ck_assert_str_eq(said.out, "");
    end_peer();
}
END_TEST

START_TEST(test_a_peer_that_says_nothing_is_given_up)
{
    begin_peer("", EACH_TIME);
    ck_assert_int_eq(RUN(peer_path, "--timeout", "0.05", "status"), 69);
    end_peer();
}
END_TEST

START_TEST(test_a_line_without_end_is_given_up)
{
    begin_peer(
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        FOR_EVER);
    ck_assert_int_eq(RUN(peer_path, "status"), 69);
    expect_err("its line has no end");
    end_peer();
}
END_TEST

/* Lies about types are shown as they are, or as '?'. */
START_TEST(test_values_of_any_type_are_shown)
{
    begin_peer(
        "{\"ok\":true,\"plugins\":[1,null,[],{\"plugin\":[[1]],"
        "\"state\":{},\"generation\":\"x\"},{\"plugin\":3.5}],"
        "\"modules\":[{\"mapped\":\"a\",\"tls\":-1,\"used\":3}],\"hubs\":{},"
        "\"settings\":[{\"value\":{}},{\"section\":1,\"value\":[[]]},7],"
        "\"status\":\"x\",\"reload\":[],\"pools\":[{\"wait_p50\":1e300}],"
        "\"connections\":\"x\",\"more_of_them\":[],\"uptime\":-5}\n",
        EACH_TIME);
    for (const char *const *c =
             (const char *const[]){"status", "plugins", "hubs", "pools",
                                   "config", "connections", "reload", NULL};
         *c != NULL; c++)
        ck_assert_int_eq(RUN(peer_path, *c), 0);
    ck_assert_int_eq(RUN(peer_path, "top", "--count", "1"), 0);
    ck_assert_int_eq(RUN(peer_path, "plugins"), 0);
    expect_out("3.5");
    end_peer();
}
END_TEST

static bool
is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x7f ||
            ((unsigned char)*text < 0x20 && *text != '\n'))
            return false;
    return true;
}

/* A title, CSI of both sets of controls, and a change of direction. */
START_TEST(test_no_escape_sequence_reaches_the_terminal)
{
#define EVIL "\\u001b]0;evil\\u0007\\u009b31m\\u202e\\r\\u007fname"
    static const char *const commands[] = {"plugins", "config", "status",
                                           "connections"};

    begin_peer("{\"ok\":true,\"plugins\":[{\"plugin\":\"" EVIL "\"}],"
               "\"settings\":[{\"section\":\"" EVIL "\",\"key\":\"" EVIL
               "\",\"value\":\"" EVIL "\",\"file\":\"" EVIL "\"}],"
               "\"stage\":\"" EVIL "\",\"version\":\"" EVIL "\","
               "\"connections\":[{\"peer\":\"" EVIL "\"}]}\n",
               ONCE);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        ck_assert_int_eq(RUN(peer_path, commands[i]), 0);
        ck_assert(is_plain(said.out));
        expect_out("\\x1b]0;evil\\x07");
        ck_assert_int_eq(RUN(peer_path, commands[i], "--json"), 0);
        ck_assert(is_plain(said.out));
    }
    begin_peer("{\"ok\":false,\"error\":\"" EVIL "\",\"reasons\":[\"" EVIL
               "\",1]}\n",
               ONCE);
    ck_assert_int_eq(RUN(peer_path, "reload"), 1);
    ck_assert(is_plain(said.err));
    end_peer();
}
END_TEST

/* gruvid has no place: it says so, and closes, and reads no request. */
START_TEST(test_a_gruvid_without_a_place_says_so)
{
    struct gruvid *g = gruvid_ready(CONTROL, NULL);
    int fds[68];

    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        fds[i] = connect_control(g);
        expect_answer(ask(fds[i], "{\"do\":\"hello\"}"), "\"ok\":true");
    }
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "status"), 1);
    expect_err("has 68 connections already");
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        close(fds[i]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gruvictl");
    TCase *tc = gruvid_case(suite, "command line");

    unsetenv("GRUVID_CONTROL");
    unsetenv("NO_COLOR");
    tcase_add_test(tc, test_mistakes_of_the_command_line_are_2);
    tcase_add_test(tc, test_help_and_version_ask_nobody);
    tcase_add_test(tc, test_nobody_there_is_69_and_says_what_to_check);
    tcase_add_test(tc, test_what_is_no_socket_is_named_so);
    tcase_add_test(tc, test_what_a_killed_gruvid_has_left_is_69);
    tc = gruvid_case(suite, "commands");
    tcase_add_test(tc, test_each_command_shows_something);
    tcase_add_test(tc, test_refusals_are_1_with_the_reason);
    tcase_add_test(tc, test_output_that_cannot_be_written_is_1);
    tcase_add_test(tc, test_a_reload_that_fails_prints_every_reason);
    tcase_add_test(
        tc, test_a_reload_says_what_needs_a_restart_and_is_no_failure);
    tcase_add_test(tc,
                   test_fibers_are_shown_by_group_also_where_there_are_none);
    tcase_add_test(tc, test_json_is_one_line_for_scripts);
    tcase_add_test(tc, test_stop_returns_when_the_process_has_ended);
    tcase_add_test(tc, test_stop_returns_when_the_process_is_killed);
    tcase_add_test(tc, test_stop_says_how_far_it_is);
    tcase_add_test(tc, test_stop_says_how_gruvid_has_ended);
    tc = gruvid_case(suite, "terminals");
    tcase_add_test(tc, test_tables_fit_the_terminal);
    tcase_add_test(tc, test_colours_are_for_terminals_only);
    tc = gruvid_case(suite, "peers");
    tcase_add_checked_fixture(tc, NULL, end_peer);
    tcase_add_test(tc, test_garbage_is_no_answer);
    tcase_add_test(tc, test_an_answer_that_breaks_off_is_69);
    tcase_add_test(tc, test_a_peer_that_says_nothing_is_given_up);
    tcase_add_test(tc, test_a_line_without_end_is_given_up);
    tcase_add_test(tc, test_values_of_any_type_are_shown);
    tcase_add_test(tc, test_no_escape_sequence_reaches_the_terminal);
    tcase_add_test(tc, test_a_gruvid_without_a_place_says_so);
    return run_suite(suite);
}
