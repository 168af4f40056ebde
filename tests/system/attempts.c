/* SPDX-License-Identifier: MIT */
/*
 * attempts: does what a client asks for, so that it can be seen what a plugin
 * may do where gruvid is a service.
 *
 *   client   chmod /var/lib/gruvid/file        a line: ATTEMPT [ARGUMENT]
 *   plugin   EPERM                             0, an error, a signal, or words
 *
 * Each attempt is made by a child, which a refusal may kill, and which has all
 * the restrictions of gruvid.  No attempt changes anything where it succeeds.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gruvid/plugin.h>

static int
result(long returned)
{
    return returned < 0 ? -errno : 0;
}

/* --- files ------------------------------------------------------------------
 */

static int
try_create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : result(unlink(path));
}

static int
try_open(const char *path)
{
    return result(open(path, O_RDONLY | O_CLOEXEC));
}

static int
try_read_only(const char *path)
{
    struct statvfs found;

    if (statvfs(path, &found) < 0)
        return -errno;
    return (found.f_flag & ST_RDONLY) ? -EROFS : 0;
}

static int
try_set_user_id(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int err = fd < 0 ? -errno : result(fchmod(fd, 04700));

    unlink(path);
    return err;
}

/* What a program says. */
static int
try_run(const char *path)
{
    execl(path, path, "-u", (char *)NULL);
    return -errno;
}

/* A child that does not listen to SIGTERM, and goes on: its number. */
static int
try_child(const char *arg)
{
    pid_t pid = fork();

    (void)arg;
    if (pid != 0) {
        printf("%d\n", (int)pid);
        return pid < 0 ? -errno : 0;
    }
    signal(SIGTERM, SIG_IGN);
    setsid();
    execlp("sleep", "sleep", "3600", (char *)NULL);
    return -errno;
}

/* --- calls
 * --------------------------------------------------------------------- */

static int
try_socket(const char *family)
{
    return result(socket(atoi(family), SOCK_DGRAM, 0));
}

static int
try_bind(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return result(bind(fd, (struct sockaddr *)&address, sizeof address));
}

static int
try_chroot(const char *arg)
{
    (void)arg;
    return result(chroot("/"));
}

/* Of these flags the kernel itself takes no two together: EINVAL. */
static int
try_namespace(const char *arg)
{
    (void)arg;
    return result(unshare(CLONE_NEWUSER | CLONE_PARENT));
}

static int
try_realtime(const char *arg)
{
    struct sched_param param = {.sched_priority = 1};

    (void)arg;
    return result(sched_setscheduler(0, SCHED_FIFO, &param));
}

static int
try_personality(const char *arg)
{
    (void)arg;
    return result(personality(PER_LINUX | ADDR_NO_RANDOMIZE));
}

static int
try_write_and_run(const char *arg)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)arg;
    return page == MAP_FAILED ? -errno : 0;
}

static int
try_run_written(const char *arg)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)arg;
    return result(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

/* A time that there is not, and a name: the kernel itself answers EINVAL. */
static int
try_clock(const char *arg)
{
    struct timespec never = {.tv_nsec = -1};

    (void)arg;
    return result(syscall(SYS_clock_settime, CLOCK_REALTIME, &never));
}

static int
try_hostname(const char *arg)
{
    (void)arg;
    return result(syscall(SYS_sethostname, "", -1));
}

static int
try_kernel_log(const char *arg)
{
    enum { SIZE_OF_BUFFER = 10 };

    (void)arg;
    return result(syscall(SYS_syslog, SIZE_OF_BUFFER, NULL, 0));
}

/* No module has no bytes. */
static int
try_module(const char *arg)
{
    (void)arg;
    return result(syscall(SYS_init_module, NULL, 0, ""));
}

/* @system-service does not know it. */
static int
try_rare_call(const char *arg)
{
    unsigned char in_memory;
    void *page =
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)arg;
    return result(mincore(page, 4096, &in_memory));
}

/* getpid(), as programs of 32 bits ask for it. */
static int
try_32_bits(const char *arg)
{
    (void)arg;
#ifdef __x86_64__
    int pid;

    __asm__ volatile("int $0x80"
                     : "=a"(pid)
                     : "a"(20)
                     : "r8", "r9", "r10", "r11", "memory");
    return pid < 0 ? pid : 0;
#else
    return -ENOSYS;
#endif
}

/* --- all of them
 * ------------------------------------------------------------------ */

static const struct {
    const char *name;
    int (*fn)(const char *arg);
} attempts[] = {
    {"32_bits", try_32_bits},
    {"bind", try_bind},
    {"child", try_child},
    {"chroot", try_chroot},
    {"clock", try_clock},
    {"create", try_create},
    {"hostname", try_hostname},
    {"kernel_log", try_kernel_log},
    {"module", try_module},
    {"namespace", try_namespace},
    {"open", try_open},
    {"personality", try_personality},
    {"rare_call", try_rare_call},
    {"read_only", try_read_only},
    {"realtime", try_realtime},
    {"run", try_run},
    {"run_written", try_run_written},
    {"set_user_id", try_set_user_id},
    {"socket", try_socket},
    {"write_and_run", try_write_and_run},
};

static int
attempt(const char *name, const char *arg)
{
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        if (strcmp(attempts[i].name, name) == 0)
            return attempts[i].fn(arg);
    return -ENOSYS;
}

/* It says on its stdout what an attempt does not say itself. */
static void
child(int out, char *line)
{
    struct rlimit no_core = {0, 0};
    char *name = strtok(line, " "), *arg = strtok(NULL, " ");
    int err;

    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGSYS, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
    dup2(out, STDOUT_FILENO);
    err = attempt(name == NULL ? "" : name, arg == NULL ? "" : arg);
    printf("%s\n", err == 0 ? "0" : uv_err_name(err));
    fflush(stdout);
    _exit(0);
}

/* The hub waits as well: there is nobody else. */
static void
answer(char *line, char *text, size_t size)
{
    int fds[2], status = 0;
    ssize_t n;
    pid_t pid;

    snprintf(text, size, "no child\n");
    if (pipe2(fds, O_CLOEXEC) < 0)
        return;
    pid = fork();
    if (pid == 0)
        child(fds[1], line);
    close(fds[1]);
    if (pid > 0 && waitpid(pid, &status, 0) == pid) {
        n = read(fds[0], text, size - 1);
        text[n > 0 ? n : 0] = '\0';
        if (WIFSIGNALED(status))
            snprintf(text, size, "signal %d\n", WTERMSIG(status));
    }
    close(fds[0]);
}

static GRUVI_SWITCHPOINT int
attempts_connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char line[256] = "", text[256];
    ssize_t n = gruvi_stream_read_line(stream, line, sizeof line - 1);

    (void)plugin;
    if (n <= 0)
        return (int)n;
    line[strcspn(line, "\r\n")] = '\0';
    answer(line, text, sizeof text);
    return gruvi_stream_write(stream, text, strlen(text));
}

GRUVID_PLUGIN(attempts,
    .version = "1.0",
    .summary = "tries what a service may not do",
    .connection = attempts_connection);
