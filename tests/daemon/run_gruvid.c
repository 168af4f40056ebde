/* SPDX-License-Identifier: MIT */
/* gruvid as a child process: see run_gruvid.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"
#include "support/folder.h"

#define MOST 8

static struct gruvid *running[MOST];

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *
build_dir(void)
{
    const char *dir = getenv("top_builddir");

    return dir != NULL ? dir : ".";
}

/* --- beginning ----------------------------------------------------------- */

void
gruvid_configure(const struct gruvid *g, const char *config)
{
    FILE *file = fopen(gruvid_path(g, "gruvid.conf"), "w");
    const char *at;

    ck_assert_ptr_nonnull(file);
    while ((at = strstr(config, "@DIR@")) != NULL) {
        fprintf(file, "%.*s%s", (int)(at - config), config, g->dir);
        config = at + 5;
    }
    fputs(config, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* The program itself and not libtool's wrapper, so that the process that is
 * begun is gruvid from the first moment. */
static void
set_program(char *program, size_t size)
{
    char libs[512];

    snprintf(program, size, "%s/.libs/gruvid", build_dir());
    if (access(program, X_OK) < 0)
        snprintf(program, size, "%s/gruvid", build_dir());
    snprintf(libs, sizeof libs, "%s/daemon/.libs:%s/lib/.libs", build_dir(),
             build_dir());
    setenv("LD_LIBRARY_PATH", libs, 1);
}

/* The numbers may overlap. */
static void
hand_over(const struct gruvid_options *options)
{
    char number[16];
    int high[16];

    for (int i = 0; i < options->n_sockets; i++)
        high[i] = fcntl(options->sockets[i], F_DUPFD_CLOEXEC, 100);
    for (int i = 0; i < options->n_sockets; i++)
        dup2(high[i], 3 + i);
    snprintf(number, sizeof number, "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof number, "%d", options->n_sockets);
    setenv("LISTEN_FDS", number, 1);
    if (options->names != NULL)
        setenv("LISTEN_FDNAMES", options->names, 1);
}

static void
set_descriptors(const struct gruvid_options *options, int log_fd)
{
    int null = open("/dev/null", O_RDWR);

    dup2(null, 0);
    dup2(options->stdout_too ? log_fd : null, 1);
    if (options->stdout_full)
        dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), 1);
    dup2(log_fd, 2);
    if (null > 2)
        close(null);
    if (options->inherit > 0) {
        dup2(options->inherit, 3);
        fcntl(3, F_SETFD, 0);
    }
    if (options->n_sockets > 0)
        hand_over(options);
    if (options->no_stdio || options->no_stderr) {
        close(0);
        close(1);
    }
    if (options->no_stderr)
        close(2);
    if (options->files > 0)
        setrlimit(RLIMIT_NOFILE,
                  &(struct rlimit){options->files, options->hard_files > 0
                                                       ? options->hard_files
                                                       : options->files});
}

/* Before stderr may be closed. */
static void
claim_journal(int log_fd)
{
    char stream[64];
    struct stat st;

    fstat(log_fd, &st);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
}

static void
exec_gruvid(const struct gruvid *g, const struct gruvid_options *options)
{
    char program[256], plugins[300], config[100], under[512];
    const char *argv[60], *words = getenv("GRUVID_UNDER");
    sigset_t blocked;
    size_t n = 0;

    set_program(program, sizeof program);
    snprintf(under, sizeof under, "%s", words != NULL ? words : "");
    for (char *word = strtok(under, " "); word != NULL && n < 20;
         word = strtok(NULL, " "))
        argv[n++] = word;
    argv[n++] = program;
    if (!options->check_owners)
        argv[n++] = "--trust-files";
    if (!options->no_config) {
        snprintf(config, sizeof config, "%s/gruvid.conf", g->dir);
        snprintf(plugins, sizeof plugins,
                 "gruvid.plugin_dir=%s/tests/daemon/plugins/.libs",
                 build_dir());
        argv[n++] = "-c";
        argv[n++] = config;
        argv[n++] = "-o";
        argv[n++] = plugins;
    }
    for (size_t i = 0; options->args != NULL && options->args[i] != NULL; i++)
        argv[n++] = options->args[i];
    argv[n] = NULL;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("JOURNAL_STREAM");
    /* The journal of this machine is none of the tests'. */
    putenv("GRUVID_JOURNAL_SOCKET=/nonexistent");
    if (options->journal)
        claim_journal(STDERR_FILENO);
    for (size_t i = 0; options->env != NULL && options->env[i] != NULL; i++)
        putenv((char *)options->env[i]);
    /* make or libcheck may ignore or block some of them. */
    signal(SIGINT, options->ignore_sigint ? SIG_IGN : SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&blocked);
    if (options->block_signals)
        sigfillset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

/* Its own, in a namespace of its own. */
static void
mount_proc(void)
{
    if (unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", 0, NULL) < 0) {
        perror("cannot mount /proc");
        _exit(99);
    }
}

/* A child that is process 1 of a namespace; the caller stays in its own, unlike
 * after unshare(). */
static pid_t
fork_first_process(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL,
                          NULL);
}

struct gruvid *
gruvid_begin(const char *config, const struct gruvid_options *options)
{
    static const struct gruvid_options defaults;
    struct gruvid *g = calloc(1, sizeof *g);
    int fds[2], i = 0;

    if (options == NULL)
        options = &defaults;
    while (running[i] != NULL)
        i++;
    ck_assert_int_lt(i, MOST - 1);
    running[i] = g;
    strcpy(g->dir, "/tmp/gruvid-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(g->dir));
    gruvid_configure(g, config);
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    g->log_fd = fds[0];
    g->log = calloc(1, 1);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    g->pid = options->first_process ? fork_first_process() : fork();
    if (g->pid < 0 && options->first_process) {
        g->pid = 0;
        close(fds[1]);
        return NULL;
    }
    ck_assert_int_ge(g->pid, 0);
    if (g->pid == 0) {
        const struct rlimit no_core = {0, 0};

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setrlimit(RLIMIT_CORE, &no_core);
        set_descriptors(options, fds[1]);
        if (options->own_proc)
            mount_proc();
        exec_gruvid(g, options);
    }
    close(fds[1]);
    return g;
}

struct gruvid *
gruvid_ready(const char *config, const struct gruvid_options *options)
{
    struct gruvid *g = gruvid_begin(config, options);

    gruvid_says(g, "gruvid: ready");
    return g;
}

/* --- watching
 * ----------------------------------------------------------------- */

/* Read what there is of the log; false once it has ended. */
static bool
read_log(struct gruvid *g, int timeout_ms)
{
    struct pollfd pfd = {.fd = g->log_fd, .events = POLLIN};
    char buf[8192];
    ssize_t n;

    if (g->log_fd < 0)
        return false;
    poll(&pfd, 1, timeout_ms);
    n = read(g->log_fd, buf, sizeof buf);
    if (n > 0) {
        g->log = realloc(g->log, g->length + (size_t)n + 1);
        memcpy(g->log + g->length, buf, (size_t)n);
        g->length += (size_t)n;
        g->log[g->length] = '\0';
    }
    if (n == 0) {
        close(g->log_fd);
        g->log_fd = -1;
    }
    return n != 0;
}

unsigned
gruvid_said(const struct gruvid *g, const char *text)
{
    unsigned n = 0;

    for (const char *at = g->log; (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

/* The end of the log: libcheck ends the program at a message of 4 KiB or so. */
static const char *
log_end(const struct gruvid *g)
{
    const size_t most = 2500;

    return g->length > most ? g->log + g->length - most : g->log;
}

bool
gruvid_says_or_ends(struct gruvid *g, const char *text)
{
    double until = now() + PATIENCE;

    while (gruvid_said(g, text) == 0 && read_log(g, 1000))
        if (now() > until)
            ck_abort_msg("neither \"%s\" nor the end; the log:\n%s", text,
                         log_end(g));
    return gruvid_said(g, text) > 0;
}

void
gruvid_says_times(struct gruvid *g, const char *text, unsigned n)
{
    double until = now() + PATIENCE;

    while (gruvid_said(g, text) < n) {
        bool more = read_log(g, 1000);

        if (gruvid_said(g, text) < n && (!more || now() > until))
            ck_abort_msg("not said %u times: \"%s\"; the log:\n%s", n, text,
                         log_end(g));
    }
}

const char *
gruvid_says(struct gruvid *g, const char *text)
{
    gruvid_says_times(g, text, 1);
    return strstr(g->log, text) + strlen(text);
}

void
gruvid_reload(struct gruvid *g, const char *config, bool ok)
{
    char line[64];

    gruvid_configure(g, config);
    gruvid_signal(g, SIGHUP);
    snprintf(line, sizeof line, "reload %u %s", ++g->reloads,
             ok ? "is done" : "failed");
    gruvid_says(g, line);
}

void
gruvid_signal(struct gruvid *g, int signum)
{
    ck_assert_int_gt(g->pid, 0);
    ck_assert_int_eq(kill(g->pid, signum), 0);
}

static int
exit_status(const struct gruvid *g)
{
    return WIFEXITED(g->status) ? WEXITSTATUS(g->status)
                                : 128 + WTERMSIG(g->status);
}

int
gruvid_wait(struct gruvid *g)
{
    double until = now() + PATIENCE;

    /* Others may hold its stderr, a compiler's child for one: the process
     * counts, not the pipe. */
    while (waitpid(g->pid, &g->status, WNOHANG) == 0) {
        if (!read_log(g, 20))
            usleep(1000);
        if (now() > until)
            ck_abort_msg("gruvid has not ended; its log:\n%s", log_end(g));
    }
    g->pid = 0;
    while (g->log_fd >= 0) {
        size_t before = g->length;

        if (!read_log(g, 0) || g->length == before)
            break;
    }
    return exit_status(g);
}

int
gruvid_stop(struct gruvid *g, int signum)
{
    gruvid_signal(g, signum);
    return gruvid_wait(g);
}

struct gruvid *
gruvid_run(const char *config, const struct gruvid_options *options)
{
    struct gruvid *g = gruvid_begin(config, options);

    gruvid_wait(g);
    g->status = exit_status(g);
    return g;
}

const char *
gruvid_path(const struct gruvid *g, const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *to = path[next++ % 4];

    snprintf(to, sizeof path[0], "%s/%s", g->dir, name);
    return to;
}

const char *
read_text(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    size_t n = 0;

    if (file != NULL) {
        n = fread(text, 1, sizeof text - 1, file);
        fclose(file);
    }
    text[n] = '\0';
    return text;
}

void
file_says(const char *path, const char *text)
{
    double until = now() + PATIENCE;

    while (strstr(read_text(path), text) == NULL) {
        if (now() > until)
            ck_abort_msg("%s does not say \"%s\"", path, text);
        usleep(1000);
    }
}

/* --- the end
 * ------------------------------------------------------------------- */

static bool
has_ended(const struct gruvid *g, double until)
{
    siginfo_t info = {0};

    while (waitid(P_PID, (id_t)g->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
               0 &&
           info.si_pid == 0 && now() < until)
        usleep(1000);
    return info.si_pid != 0;
}

/* With $GRUVID_END_IN_ORDER, which "make coverage" sets: gcc's counters are
 * written by a process that exits, and not by one that is killed.  An interrupt
 * ends a drain, but kills a process that exits already. */
static void
end_in_order(const struct gruvid *g)
{
    kill(g->pid, SIGCONT);
    kill(g->pid, SIGTERM);
    if (has_ended(g, now() + 1))
        return;
    kill(g->pid, SIGINT);
    (void)has_ended(g, now() + 15);
}

void
gruvid_end_all(void)
{
    for (int i = 0; i < MOST; i++) {
        struct gruvid *g = running[i];
        if (g == NULL)
            continue;
        running[i] = NULL;
        if (g->pid > 0) {
            if (getenv("GRUVID_END_IN_ORDER") != NULL)
                end_in_order(g);
            kill(g->pid, SIGKILL);
            waitpid(g->pid, NULL, 0);
        }
        if (g->log_fd >= 0)
            close(g->log_fd);
        remove_folder(g->dir);
        free(g->log);
        free(g);
    }
}

TCase *
gruvid_case(Suite *suite, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, NULL, gruvid_end_all);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    return tc;
}
