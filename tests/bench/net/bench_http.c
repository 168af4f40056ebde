/* SPDX-License-Identifier: MIT */
/*
 * What requests of HTTP cost a server in a process of its own:
 *
 *     bench_http COMMAND N COUNT [SERVER]
 *
 * SERVER is a program; without it, gruvid with the plugins http and hello.
 *
 *   hello      COUNT requests over N connections, one on its way over each
 *   pipelined  the same, 16 on their way
 *   file       the same as hello, for a file of 1 MB
 *   h2         COUNT requests of HTTP/2 over N connections, ten streams each,
 * by nghttp2's h2load; without that, nothing http_idle  N connections that had
 * a request tls_idle   the same by TLS
 *
 * A server that is not gruvid finds in its environment BENCH_PORT, where it
 * listens; BENCH_FOLDER with the files "1mb" and "hello.txt", where it may
 * write "server.conf"; where it is to use TLS, BENCH_CERTIFICATE and BENCH_KEY;
 * and, where clients will begin with HTTP/2, BENCH_HTTP2.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/net/net.h"
#ifdef HAVE_OPENSSL
#include "unit/certificates.h"
#endif

#define PIPELINED 16
#define FILE_SIZE 1000000

#define REQUEST(path)                                                          \
    "GET " path " HTTP/1.1\r\nHost: 127.0.0.1\r\n"                             \
    "User-Agent: bench_http/1.0\r\nAccept: */*\r\n\r\n"

static const char *path; /* NULL: gruvid */

/* --- what servers serve -------------------------------------------------- */

static char folder[] = "/tmp/bench_http.XXXXXX";
static const char *const names[] = {"/hello.txt", "/1mb", "/server.conf",
                                    "/nginx.pid"};
enum { NAMES = sizeof names / sizeof *names };

static const char *
file_path(int i)
{
    static char paths[NAMES][sizeof folder + 16];

    snprintf(paths[i], sizeof paths[i], "%s%s", folder, names[i]);
    return paths[i];
}

static void
remove_files(void)
{
    for (int i = 0; i < NAMES; i++)
        unlink(file_path(i));
    rmdir(folder);
}

/* It is old: what has changed a moment ago has no Last-Modified yet, and so
 * other answers. */
static void
make_file(const char *file, const char *text, size_t size)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000},
                                      {.tv_sec = 1000000000}};
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    size_t length = strlen(text);

    bench_check(fd >= 0 && write(fd, text, length) == (ssize_t)length &&
                    ftruncate(fd, (off_t)size) == 0 && futimens(fd, times) == 0,
                file);
    close(fd);
}

static void
make_files(void)
{
    bench_check(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0, folder);
    atexit(remove_files);
    make_file(file_path(0), "Hello, you!\n", 12);
    make_file(file_path(1), "A large file\n", FILE_SIZE);
    setenv("BENCH_FOLDER", folder, 1);
}

static void
begin(bool tls)
{
    char config[PATH_MAX], files[PATH_MAX] = "", port[16];

#ifdef HAVE_OPENSSL
    if (tls) {
        const char *certificate_path = certificate("good.pem");
        const char *key_path = certificate("good.key");

        setenv("BENCH_CERTIFICATE", certificate_path, 1);
        setenv("BENCH_KEY", key_path, 1);
        snprintf(files, sizeof files, "tls_certificate = %s\ntls_key = %s\n",
                 certificate_path, key_path);
    }
#endif
    make_files();
    snprintf(port, sizeof port, "%d", path == NULL ? 0 : free_port());
    setenv("BENCH_PORT", port, 1);
    snprintf(config, sizeof config,
             "[plugin hello]\n[plugin http]\n"
             "listen = %s://127.0.0.1:0\n%sroute = GET /hello -> hello\n"
             "route = /files/{path...} -> static:%s\n",
             tls ? "tls" : "tcp", files, folder);
    server_begin_with(path, "plugins", config);
}

/* --- processor ----------------------------------------------------------- */

/* COUNT requests, so many on their way over each connection. */
static void
measure(const char *request, long n, long count, long at_once)
{
    size_t length = strlen(request), answer;
    long messages = count / at_once > 0 ? count / at_once : 1;
    struct load load;
    double cpu, began;

    begin(false);
    answer = answer_size(request);
    load_open(&load, (int)n, length * (size_t)at_once);
    load_expect(&load, answer * (size_t)at_once);
    for (long i = 0; i < at_once; i++)
        memcpy(load.buf + (size_t)i * length, request, length);
    load_messages(&load, messages / 10 + n);
    began = bench_now();
    cpu = server_cpu();
    load_messages(&load, messages);
    bench_print("ns", (server_cpu() - cpu) / (double)(messages * at_once));
    bench_print("rate",
                (double)(messages * at_once) * 1e9 / (bench_now() - began));
    load_close(&load);
    server_end();
}

static void
bench_hello(long n, long count)
{
    measure(REQUEST("/hello"), n, count, 1);
}

static void
bench_pipelined(long n, long count)
{
    measure(REQUEST("/hello"), n, count, PIPELINED);
}

static void
bench_file(long n, long count)
{
    measure(REQUEST("/files/1mb"), n, count, 1);
}

/* --- HTTP/2 -------------------------------------------------------------- */

#define STREAMS "10"

/* Whether all requests have succeeded: h2load exits with 0 in any case. */
static bool
all_succeeded(FILE *said, long count)
{
    char line[512];
    long succeeded = 0;

    while (fgets(line, sizeof line, said) != NULL)
        sscanf(line, "requests: %*d total, %*d started, %*d done, %ld",
               &succeeded);
    return succeeded == count;
}

/* Waits for the end of h2load; false: it is not there. */
static bool
load_h2(long n, long count)
{
    char command[256];
    FILE *said;
    bool good;
    int status;

    snprintf(command, sizeof command,
             "exec h2load -n %ld -c %ld -m " STREAMS
             " http://127.0.0.1:%d/hello 2>&1",
             count, n, server_port());
    said = popen(command, "r");
    bench_check(said != NULL, "popen");
    good = all_succeeded(said, count);
    status = pclose(said);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return false;
    bench_check(good, "a request of h2load");
    return true;
}

static void
bench_h2(long n, long count)
{
    double cpu, began;

    if (count < n)
        count = n; /* h2load wants a request for each */
    setenv("BENCH_HTTP2", "yes", 1);
    begin(false);
    close(load_connect()); /* it listens: h2load does not wait for that */
    if (load_h2(n, count / 10 + n)) {
        began = bench_now();
        cpu = server_cpu();
        load_h2(n, count);
        bench_print("ns", (server_cpu() - cpu) / (double)count);
        bench_print("rate", (double)count * 1e9 / (bench_now() - began));
    } else {
        fprintf(stderr, "h2 is skipped: h2load is not installed\n");
    }
    server_end();
}

/* --- memory -------------------------------------------------------------- */

/* What a burst took is given back by then. */
static void
settle(void)
{
    sleep(2);
}

/* The first connections show what a server takes once. */
#define FIRST 50

static void
bench_http_idle(long n, long count)
{
    size_t length = strlen(REQUEST("/hello")), answer;
    struct load first, load;
    double before;

    (void)count;
    begin(false);
    answer = answer_size(REQUEST("/hello"));
    load_open(&first, FIRST, length);
    load_expect(&first, answer);
    memcpy(first.buf, REQUEST("/hello"), length);
    load_messages(&first, 100 * FIRST);
    settle();
    before = server_rss();
    load_open(&load, (int)n, length);
    load_expect(&load, answer);
    memcpy(load.buf, first.buf, length);
    load_messages(&load, n);
    settle();
    bench_print("rss_bytes", (server_rss() - before) / (double)n);
    load_close(&load);
    load_close(&first);
    server_end();
}

static void
bench_tls_idle(long n, long count)
{
    const char *request = REQUEST("/hello");
    size_t answer;
    double before;

    (void)count;
    begin(false); /* the answer is as long */
    answer = answer_size(request);
    server_end();
    remove_files();
    strcpy(folder + sizeof folder - sizeof "XXXXXX", "XXXXXX");
    begin(true);
    if (idle_tls_open(FIRST, request, answer)) {
        settle();
        before = server_rss();
        idle_tls_open(n, request, answer);
        settle();
        bench_print("rss_bytes", (server_rss() - before) / (double)n);
    } else {
        fprintf(stderr, "tls_idle is skipped: built without TLS\n");
    }
    server_end();
}

static const struct bench_command commands[] = {
    {"hello", bench_hello},         {"pipelined", bench_pipelined},
    {"file", bench_file},           {"h2", bench_h2},
    {"http_idle", bench_http_idle}, {"tls_idle", bench_tls_idle},
};

int
main(int argc, char **argv)
{
    if (argc == 5)
        path = argv[--argc];
    return BENCH_MAIN(commands, argc, argv);
}
