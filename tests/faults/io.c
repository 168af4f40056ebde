/* SPDX-License-Identifier: MIT */
/*
 * A program that does each kind of I/O once with libgruvi, for calls of it to
 * fail: see faults.h.  What fails is done again, and has to work then, with no
 * descriptor more than before.  It prints what was in the way, and ends with
 * status 0 where one thing at most failed, and once.
 */
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gruvi.h>
#include <gruvi/file.h>
#include <gruvi/net.h>
#include <gruvi/process.h>
#include <gruvi/signal.h>

/* Seconds, for what would not come. */
#define PATIENCE 50

static char folder[] = "/tmp/gruvi-faults-io-XXXXXX";

/* --- files ---------------------------------------------------------------- */

static const char *
path_of(const char *name)
{
    static char path[100];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static GRUVI_SWITCHPOINT int
write_file(void)
{
    gruvi_file_t *file;
    char buf[5];
    int err = gruvi_file_open(&file, path_of("file"), O_RDWR | O_CREAT, 0600);

    if (err < 0)
        return err;
    err = gruvi_file_pwrite(file, "hello", 5, 0);
    if (err == 0)
        err = gruvi_file_ftruncate(file, 5);
    if (err == 0)
        err = gruvi_file_fsync(file);
    if (err == 0)
        err = (int)gruvi_file_pread(file, buf, 5, 0);
    if (err > 0)
        err = err == 5 && memcmp(buf, "hello", 5) == 0 ? 0 : UV_EILSEQ;
    gruvi_file_close(file);
    return err;
}

static GRUVI_SWITCHPOINT int
list_folder(void)
{
    gruvi_dirent_t entries[4];
    gruvi_file_t *dir;
    uv_stat_t st;
    int err = gruvi_file_stat(folder, &st);

    if (err == 0)
        err = gruvi_file_open(&dir, folder, O_RDONLY | O_DIRECTORY, 0);
    if (err < 0)
        return err;
    err = gruvi_file_readdir(dir, entries, 4);
    gruvi_file_close(dir);
    return err < 0 ? err : 0;
}

/* What is left of a run that failed does not fail the next. */
static GRUVI_SWITCHPOINT int
make_folder(void)
{
    char from[100], to[100];
    int err;

    snprintf(from, sizeof from, "%s/from", folder);
    snprintf(to, sizeof to, "%s/to", folder);
    err = gruvi_file_mkdir(from, 0700);
    if (err == 0 || err == UV_EEXIST)
        err = gruvi_file_rename(from, to);
    if (err == 0 || err == UV_EEXIST)
        err = gruvi_file_rmdir(to);
    return err;
}

/* --- connections ---------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
send_file(gruvi_stream_t *stream)
{
    gruvi_file_t *file;
    int err = gruvi_file_open(&file, path_of("file"), O_RDONLY, 0);
    int64_t n;

    if (err < 0)
        return err;
    n = gruvi_stream_sendfile(stream, file, 0, 5);
    gruvi_file_close(file);
    return n < 0 ? (int)n : n == 5 ? 0 : UV_EILSEQ;
}

static GRUVI_SWITCHPOINT int
serve_one(gruvi_stream_t *stream)
{
    uv_buf_t bufs[2];
    char line[20];
    ssize_t n = gruvi_stream_read_line(stream, line, sizeof line);
    int err;

    if (n <= 0)
        return n < 0 ? (int)n : UV_EOF;
    bufs[0] = uv_buf_init(line, (unsigned)n);
    bufs[1] = bufs[0];
    err = gruvi_stream_writev(stream, bufs, 2);
    if (err == 0)
        err = gruvi_stream_printf(stream, "%s\n", "printed");
    return err < 0 ? err : send_file(stream);
}

static GRUVI_SWITCHPOINT int
accept_one(void *arg)
{
    gruvi_listener_t *listener = arg;
    gruvi_stream_t *stream;
    int err;

    err = gruvi_accept(listener, &stream, PATIENCE);
    if (err < 0)
        return err;
    err = serve_one(stream);
    gruvi_stream_close(stream);
    return err;
}

static GRUVI_SWITCHPOINT int
talk_to(const char *address)
{
    static const char expected[] = "hi\nhi\nprinted\nhello";
    char buf[sizeof expected - 1];
    gruvi_stream_t *stream;
    int err = gruvi_connect(&stream, address, NULL, PATIENCE);

    if (err < 0)
        return err;
    gruvi_stream_set_timeout(stream, PATIENCE);
    err = gruvi_stream_write(stream, "hi\n", 3);
    if (err == 0)
        err = gruvi_stream_shutdown(stream);
    if (err == 0)
        err = gruvi_stream_read_exact(stream, buf, sizeof buf);
    if (err == 0 && memcmp(buf, expected, sizeof buf) != 0)
        err = UV_EILSEQ;
    gruvi_stream_close(stream);
    return err;
}

static GRUVI_SWITCHPOINT int
converse(const char *where, const char *host)
{
    char address[GRUVI_ADDRESS_SIZE], by_name[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    gruvi_fiber_t *fiber;
    int err = gruvi_listen(&listener, where, NULL);

    if (err < 0)
        return err;
    err = gruvi_listener_address(listener, address, sizeof address);
    if (host != NULL)
        snprintf(by_name, sizeof by_name, "tcp://%s:%s", host,
                 strrchr(address, ':') + 1);
    fiber = err < 0 ? NULL : gruvi_spawn(accept_one, listener);
    if (fiber != NULL) {
        err = talk_to(host == NULL ? address : by_name);
        gruvi_fiber_cancel(fiber, "its client has ended");
        gruvi_fiber_join(fiber, GRUVI_FOREVER);
        gruvi_fiber_unref(fiber);
    } else if (err == 0) {
        err = gruvi_last_error();
    }
    gruvi_listener_close(listener);
    return err;
}

static GRUVI_SWITCHPOINT int
converse_tcp(void)
{
    return converse("tcp://127.0.0.1:0", NULL);
}

static GRUVI_SWITCHPOINT int
converse_by_name(void)
{
    return converse("tcp://127.0.0.1:0", "localhost");
}

static GRUVI_SWITCHPOINT int
converse_unix(void)
{
    char address[120];

    snprintf(address, sizeof address, "unix:%s/socket", folder);
    return converse(address, NULL);
}

/* Several addresses race. */
static GRUVI_SWITCHPOINT int
look_up(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *result = NULL;
    int err =
        gruvi_getaddrinfo("localhost", "80", &hints, &result, GRUVI_FOREVER);

    gruvi_freeaddrinfo(result);
    return err;
}

/* --- datagrams ------------------------------------------------------------ */

static GRUVI_SWITCHPOINT int
send_datagram(gruvi_udp_t *udp, const char *address)
{
    gruvi_udp_t *near;
    char buf[5];
    int err = gruvi_udp_connect(&near, address, NULL, PATIENCE);
    ssize_t n = 0;

    if (err < 0)
        return err;
    err = gruvi_udp_send(near, "hello", 5, NULL, PATIENCE);
    if (err == 0)
        n = gruvi_udp_recv(udp, buf, sizeof buf, NULL, PATIENCE);
    gruvi_udp_close(near);
    return err < 0 ? err : n < 0 ? (int)n : n == 5 ? 0 : UV_EILSEQ;
}

static GRUVI_SWITCHPOINT int
exchange_datagrams(void)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_udp_t *udp;
    int err = gruvi_udp_bind(&udp, "udp://127.0.0.1:0", NULL);

    if (err < 0)
        return err;
    err = gruvi_udp_address(udp, address, sizeof address);
    if (err == 0)
        err = send_datagram(udp, address);
    gruvi_udp_close(udp);
    return err;
}

/* --- processes and signals ------------------------------------------------ */

/* In another folder, and as the user that this is: anybody may do that. */
static GRUVI_SWITCHPOINT int
run_process(void)
{
    char *args[] = {"cat", NULL}, text[10];
    gruvi_process_options_t options = {.args = args};
    uv_buf_t out = uv_buf_init(text, sizeof text);
    gruvi_process_t *process;
    int64_t status = 0;
    int err;

    options.cwd = "/";
    options.flags = GRUVI_PROCESS_UID | GRUVI_PROCESS_GID;
    options.uid = getuid();
    options.gid = getgid();
    options.stdio[0].kind = options.stdio[1].kind = GRUVI_STDIO_PIPE;
    err = gruvi_process_spawn(&process, &options);
    if (err < 0)
        return err;
    err = gruvi_process_communicate(process, "hello", 5, &out, NULL, PATIENCE);
    if (err == 0)
        err = gruvi_process_wait(process, &status, NULL, PATIENCE);
    gruvi_process_close(process);
    /* That a process does not read, or has closed its output, is no error. */
    return err < 0 ? err : out.len == 5 && status == 0 ? 0 : UV_EPIPE;
}

static GRUVI_SWITCHPOINT int
kill_process(void)
{
    char *args[] = {"sleep", "1000", NULL};
    gruvi_process_options_t options = {.args = args};
    gruvi_process_t *process;
    int64_t status;
    int err = gruvi_process_spawn(&process, &options), signum = 0;

    if (err < 0)
        return err;
    err = gruvi_process_kill(process, SIGKILL);
    if (err < 0)
        gruvi_process_kill(process, SIGKILL); /* it has to end all the same */
    else
        err = gruvi_process_wait(process, &status, &signum, PATIENCE);
    gruvi_process_close(process);
    /* Nor is that a process has gone before. */
    return err < 0 ? err : signum == SIGKILL ? 0 : UV_ESRCH;
}

static GRUVI_SWITCHPOINT int
hear_signal(void)
{
    static const int signums[] = {SIGUSR1, 0};
    gruvi_signal_t *watcher;
    int err = gruvi_signal_open(&watcher, signums, 1);

    if (err < 0)
        return err;
    raise(SIGUSR1);
    err = gruvi_signal_next(watcher, PATIENCE);
    gruvi_signal_close(watcher);
    return err < 0 ? err : err == SIGUSR1 ? 0 : UV_EILSEQ;
}

/* --- descriptors and threads ---------------------------------------------- */

static GRUVI_SWITCHPOINT int
wait_for_descriptor(void)
{
    int fds[2], err;

    if (pipe(fds) < 0)
        return UV_EMFILE;
    err = gruvi_wait_fd(fds[1], UV_WRITABLE, PATIENCE);
    close(fds[0]);
    close(fds[1]);
    return err < 0 ? err : 0;
}

static int
work(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 7;
}

static GRUVI_SWITCHPOINT int
work_in_pools(void)
{
    int n = gruvi_blocking(work, NULL, NULL);

    if (n == 7)
        n = gruvi_compute(work, NULL, NULL);
    return n == 7 ? 0 : n;
}

static GRUVI_SWITCHPOINT int
fill_stack(void *arg)
{
    volatile char stack[8000];

    stack[0] = 1;
    ++*(int *)arg;
    return stack[0] + gruvi_sleep(0);
}

static GRUVI_SWITCHPOINT int
spawn_many(void)
{
    gruvi_fiber_t *fibers[200];
    int n = 0, ran = 0, err = 0;

    while (n < 200 && (fibers[n] = gruvi_spawn(fill_stack, &ran)) != NULL)
        n++;
    if (n < 200)
        err = gruvi_last_error();
    for (int i = 0; i < n; i++) {
        gruvi_fiber_join(fibers[i], GRUVI_FOREVER);
        gruvi_fiber_unref(fibers[i]);
    }
    return err < 0 ? err : ran == n ? 0 : UV_EILSEQ;
}

/* --- all of it ------------------------------------------------------------ */

static const struct {
    const char *name;
    GRUVI_SWITCHPOINT int (*run)(void);
} kinds[] = {
    {"fibers", spawn_many},
    {"a file", write_file},
    {"a folder", list_folder},
    {"another folder", make_folder},
    {"tcp", converse_tcp},
    {"tcp by name", converse_by_name},
    {"unix", converse_unix},
    {"a name", look_up},
    {"datagrams", exchange_datagrams},
    {"a process", run_process},
    {"a process that is killed", kill_process},
    {"a signal", hear_signal},
    {"a descriptor", wait_for_descriptor},
    {"pools", work_in_pools},
};

static unsigned
count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    if (dir == NULL)
        exit(9);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static void
check_error(const char *name, int err)
{
    /* What would not come is none, and neither is another result. */
    if (err >= 0 || err == UV_ETIMEDOUT || err == UV_EILSEQ ||
        gruvi_err_name(err) == NULL) {
        printf("%s: %d is no error of the system\n", name, err);
        exit(3);
    }
}

static GRUVI_SWITCHPOINT void
run_kinds(void)
{
    unsigned failed = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int err = kinds[i].run();

        if (err == 0)
            continue;
        printf("%s: %s\n", kinds[i].name, gruvi_strerror(err));
        check_error(kinds[i].name, err);
        err = kinds[i].run();
        if (err != 0 || ++failed > 1) {
            printf("%s again: %s\n", kinds[i].name, gruvi_strerror(err));
            exit(4);
        }
    }
}

/* With what a call that failed has left; one of these may fail as well. */
static void
remove_folder(void)
{
    for (int tries = 0; tries < 2; tries++) {
        unlink(path_of("file"));
        unlink(path_of("socket"));
        rmdir(path_of("from"));
        rmdir(path_of("to"));
        rmdir(folder);
    }
}

int
main(void)
{
    unsigned before, after, tries = 0;

    setvbuf(stdout, NULL, _IONBF, 0);
    if (gruvi_get_hub() == NULL && gruvi_get_hub() == NULL)
        return 5;
    if (mkdtemp(folder) == NULL)
        return 6;
    /* What is made once, by the first use, is there. */
    run_kinds();
    before = count_descriptors();
    run_kinds();
    while ((after = count_descriptors()) > before && tries++ < 1000)
        gruvi_sleep(0.01);
    remove_folder();
    if (after > before) {
        printf("%u descriptors, before %u\n", after, before);
        return 7;
    }
    return gruvi_hub_close(gruvi_get_hub()) < 0 ? 8 : 0;
}
