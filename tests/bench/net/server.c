/* SPDX-License-Identifier: MIT */
/* The server, as a child, and what it uses.  See net.h. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/net/net.h"

#define THREADS 64
#define MORE    8

static struct {
    pid_t pid;
    int port;
    int log; /* what it says; open, so that it may go on */
    clockid_t clock;
    int counters[THREADS], n_counters;
} server = {.log = -1};

/* Further ones of the same kind; the clocks of their processors. */
static struct {
    pid_t pid;
    int log;
    clockid_t clock;
} more[MORE];
static int n_more;

/* --- beginning ----------------------------------------------------------- */

static void
pin(bool first)
{
    cpu_set_t given, set;
    int cpu, last = 0;

    bench_check(sched_getaffinity(0, sizeof given, &given) == 0,
                "sched_getaffinity");
    for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((size_t)cpu, &given))
            continue;
        last = cpu;
        if (first)
            break;
    }
    CPU_ZERO(&set);
    CPU_SET((size_t)last, &set);
    bench_check(sched_setaffinity(0, sizeof set, &set) == 0,
                "sched_setaffinity");
}

/* The folder of the build, from the place of this program in it. */
static void
find_build(char *folder, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", folder, size - 1);

    bench_check(n > 0, "readlink");
    folder[n] = '\0';
    for (int up = 0; up < 4; up++) /* tests/bench/net/bench_net */
        *strrchr(folder, '/') = '\0';
}

/* The configuration is a pipe: nothing is left of it. */
static void
exec_gruvid(const char *folder, const char *config)
{
    char build[PATH_MAX], path[PATH_MAX + 64], text[60000];
    int fds[2], n;

    find_build(build, sizeof build);
    snprintf(text, sizeof text, "%s/daemon/.libs:%s/lib/.libs", build, build);
    setenv("LD_LIBRARY_PATH", text, 1);
    n = snprintf(text, sizeof text,
                 "[gruvid]\nplugin_dir = %s/%s/.libs\nhubs = 1\n"
                 "[pools]\nio_threads = 4\n[log]\ntarget = stderr\n%s",
                 build, folder, config);
    bench_check(pipe(fds) == 0 && write(fds[1], text, (size_t)n) == n, "pipe");
    close(fds[1]);
    snprintf(text, sizeof text, "/dev/fd/%d", fds[0]);
    snprintf(path, sizeof path, "%s/.libs/gruvid", build);
    if (access(path, X_OK) < 0)
        snprintf(path, sizeof path, "%s/gruvid", build);
    execl(path, path, "--trust-files", "-c", text, (char *)NULL);
}

/* The port, from what it says until then. */
static int
read_port(void)
{
    static const char before[] = "://127.0.0.1:";
    char said[4096] = "", *at;
    size_t n = 0;
    int port = 0;

    while (n < sizeof said - 1) {
        struct pollfd p = {.fd = server.log, .events = POLLIN};
        ssize_t got = poll(&p, 1, 60000) == 1
                          ? read(server.log, said + n, sizeof said - 1 - n)
                          : -1;

        if (got <= 0)
            break;
        n += (size_t)got;
        said[n] = '\0';
        at = strstr(said, before);
        if (at != NULL && strchr(at, '\n') != NULL) {
            port = atoi(at + sizeof before - 1);
            break;
        }
    }
    if (port == 0)
        fprintf(stderr, "%s", said);
    bench_check(port > 0, "the start of the server");
    return port;
}

static void
raise_limit(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void
server_begin_with(const char *path, const char *folder, const char *config)
{
    int fds[2];

    raise_limit();
    bench_check(pipe2(fds, O_CLOEXEC) == 0, "pipe");
    server.pid = fork();
    bench_check(server.pid >= 0, "fork");
    if (server.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(fds[1], 1);
        dup2(fds[1], 2);
        pin(true);
        if (path == NULL)
            exec_gruvid(folder, config);
        else
            execl(path, path, (char *)NULL);
        perror(path == NULL ? "gruvid" : path);
        _exit(127);
    }
    close(fds[1]);
    server.log = fds[0];
    pin(false);
    server.port = read_port();
    bench_check(clock_getcpuclockid(server.pid, &server.clock) == 0,
                "clock_getcpuclockid");
}

void
server_begin(const char *path, const char *plugin)
{
    bool ours = strcmp(plugin, "echo") != 0;
    char config[256];

    snprintf(config, sizeof config, "[plugin %s]\nlisten = tcp://127.0.0.1:0\n",
             plugin);
    server_begin_with(path, ours ? "tests/bench/net" : "plugins", config);
}

void
server_add(const char *path, const char *folder, const char *config)
{
    bench_check(n_more < MORE, "the number of servers");
    more[n_more].pid = server.pid;
    more[n_more].log = server.log;
    more[n_more++].clock = server.clock;
    server_begin_with(path, folder, config);
}

void
server_end(void)
{
    while (n_more > 0) {
        kill(more[--n_more].pid, SIGKILL);
        waitpid(more[n_more].pid, NULL, 0);
        close(more[n_more].log);
    }
    while (server.n_counters > 0)
        close(server.counters[--server.n_counters]);
    kill(server.pid, SIGKILL);
    waitpid(server.pid, NULL, 0);
    close(server.log);
}

int
server_port(void)
{
    return server.port;
}

/* --- what it uses -------------------------------------------------------- */

double
server_cpu(void)
{
    double sum = bench_clock(server.clock);

    for (int i = 0; i < n_more; i++)
        sum += bench_clock(more[i].clock);
    return sum;
}

double
server_rss(void)
{
    char path[64];
    long total, resident = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)server.pid);
    file = fopen(path, "r");
    bench_check(file != NULL && fscanf(file, "%ld %ld", &total, &resident) == 2,
                path);
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

double
server_threads(void)
{
    struct dirent *entry;
    char path[64];
    double n = 0;
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%d/task", (int)server.pid);
    threads = opendir(path);
    bench_check(threads != NULL, path);
    while ((entry = readdir(threads)) != NULL)
        n += entry->d_name[0] != '.';
    closedir(threads);
    return n;
}

static long
tracepoint(void)
{
    FILE *file =
        fopen("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id", "r");
    long id = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%ld", &id) != 1)
        id = -1;
    fclose(file);
    return id;
}

/* A counter for each thread that there is. */
void
server_count_calls(void)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT,
                                   .size = sizeof attr};
    long id = tracepoint();
    struct dirent *entry;
    char path[64];
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%d/task", (int)server.pid);
    threads = id < 0 ? NULL : opendir(path);
    if (threads == NULL)
        return;
    attr.config = (unsigned long)id;
    while ((entry = readdir(threads)) != NULL && server.n_counters < THREADS) {
        int fd =
            entry->d_name[0] == '.'
                ? -1
                : (int)syscall(SYS_perf_event_open, &attr, atoi(entry->d_name),
                               -1, -1, PERF_FLAG_FD_CLOEXEC);

        if (fd >= 0)
            server.counters[server.n_counters++] = fd;
    }
    closedir(threads);
}

double
server_calls(void)
{
    double sum = 0;
    uint64_t count;

    for (int i = 0; i < server.n_counters; i++) {
        if (read(server.counters[i], &count, sizeof count) != sizeof count)
            return -1;
        sum += (double)count;
    }
    return server.n_counters > 0 ? sum : -1;
}

int
free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bench_check(fd >= 0 && bind(fd, (void *)&at, sizeof at) == 0 &&
                    getsockname(fd, (void *)&at, &length) == 0,
                "a port");
    return ntohs(at.sin_port);
}
