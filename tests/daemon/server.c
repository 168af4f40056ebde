/* SPDX-License-Identifier: MIT */
/* Servers of others: see server.h. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/server.h"
#include "support/folder.h"

#define READY "ready to accept connections"

/* --- what there is -------------------------------------------------------- */

static const char *
examples_dir(void)
{
    static char path[300];
    const char *dir = getenv("top_builddir");

    snprintf(path, sizeof path, "%s/plugins/examples/.libs",
             dir != NULL ? dir : ".");
    return path;
}

/* Where a program is, in static memory; NULL where it is nowhere. */
static const char *
find_program(const char *name)
{
    static char path[512];
    const char *from = getenv("PATH");
    glob_t found;

    while (from != NULL && *from != '\0') {
        int len = (int)strcspn(from, ":");

        snprintf(path, sizeof path, "%.*s/%s", len, from, name);
        if (access(path, X_OK) == 0)
            return path;
        from += len + (from[len] == ':');
    }
    /* Not everybody's PATH has the folder of servers. */
    snprintf(path, sizeof path, "/usr/sbin/%s", name);
    if (access(path, X_OK) == 0)
        return path;
    snprintf(path, sizeof path, "/usr/lib/postgresql/*/bin/%s", name);
    if (glob(path, 0, NULL, &found) != 0)
        return NULL;
    snprintf(path, sizeof path, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return path;
}

void
need(const char *plugin, const char *library, const char *program)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s.so", examples_dir(), plugin);
    if (access(path, R_OK) < 0)
        printf("plugins/examples/%s.c was not built: no %s\n", plugin, library);
    else if (program != NULL && find_program(program) == NULL)
        printf("%s is not installed\n", program);
    else
        return;
    exit(77);
}

void
need_program(const char *program)
{
    if (find_program(program) != NULL)
        return;
    printf("%s is not installed\n", program);
    exit(77);
}

const char *
examples_option(void)
{
    static char option[400];

    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", examples_dir());
    return option;
}

struct gruvid *
gruvid_with_examples(const char *config)
{
    return gruvid_ready(
        config,
        &(struct gruvid_options){
            .args = (const char *[]){"-o", examples_option(), "-o",
                                     "gruvid.drain_timeout=100ms", NULL},
            .env = (const char *[]){"no_proxy=*", NULL},
        });
}

/* --- servers -------------------------------------------------------------- */

/* Servers refuse to run as root, or should. */
static const struct passwd *
nobody(void)
{
    return geteuid() == 0 ? getpwnam("nobody") : NULL;
}

void
server_prepare(struct server *server)
{
    const struct passwd *user = nobody();

    server->pid = 0;
    server->ready = NULL;
    strcpy(server->dir, "/tmp/gruvid-server-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(server->dir));
    if (user != NULL)
        ck_assert_int_eq(chown(server->dir, user->pw_uid, user->pw_gid), 0);
}

const char *
server_path(const struct server *server, const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", server->dir, name);
    return path;
}

void
server_remove(struct server *server)
{
    server_end(server);
    if (server->dir[0] != '\0')
        remove_folder(server->dir);
    server->dir[0] = '\0';
}

/* In the child.  A change of the user forgets what is to come at the parent's
 * death, so that is said last. */
static void
exec_program(const struct server *server, pid_t parent,
             const char *const argv[])
{
    const struct passwd *user = nobody();
    const char *program = find_program(argv[0]);
    int log = open(server_path(server, "log"),
                   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;

    if (program == NULL || dup2(null, 0) < 0 || dup2(log, 1) < 0 ||
        dup2(log, 2) < 0 || chdir(server->dir) < 0)
        _exit(127);
    if (user != NULL && (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 ||
                         setuid(user->pw_uid) < 0))
        _exit(126);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, server->end_signal);
    if (getppid() == parent)
        execv(program, (char *const *)argv);
    _exit(127);
}

static void
fork_program(struct server *server, const char *const argv[])
{
    pid_t parent = getpid();

    ck_assert_int_eq(server->pid, 0);
    if (server->end_signal == 0)
        server->end_signal = SIGKILL;
    server->pid = fork();
    if (server->pid == 0)
        exec_program(server, parent, argv);
    ck_assert_int_gt(server->pid, 0);
}

void
server_run(struct server *server, const char *const argv[])
{
    int status;

    fork_program(server, argv);
    ck_assert_int_eq(waitpid(server->pid, &status, 0), server->pid);
    server->pid = 0;
    ck_assert_msg(status == 0, "%s: status %x\n%s", argv[0], status,
                  read_text(server_path(server, "log")));
}

void
server_begin(struct server *server, const char *const argv[])
{
    time_t until = time(NULL) + PATIENCE;
    const char *ready = server->ready != NULL ? server->ready : READY;

    unlink(server_path(server, "log"));
    fork_program(server, argv);
    while (strstr(read_text(server_path(server, "log")), ready) == NULL) {
        if (waitpid(server->pid, NULL, WNOHANG) != 0) {
            server->pid = 0;
            ck_abort_msg("%s has ended:\n%s", argv[0],
                         read_text(server_path(server, "log")));
        }
        if (time(NULL) > until)
            ck_abort_msg("%s is not ready:\n%s", argv[0],
                         read_text(server_path(server, "log")));
        usleep(1000);
    }
}

void
server_end(struct server *server)
{
    if (server->pid == 0)
        return;
    kill(server->pid, server->end_signal);
    kill(server->pid, SIGCONT);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

/* --- clients -------------------------------------------------------------- */

const char *
ask_line(int fd, const char *line)
{
    static char answer[4096];
    size_t n = 0;

    send_text(fd, line);
    do {
        ck_assert_uint_lt(n, sizeof answer - 1);
        ck_assert_msg(recv(fd, answer + n, 1, 0) == 1, "recv: %s",
                      strerror(errno));
    } while (answer[n++] != '\n');
    answer[n] = '\0';
    return answer;
}

void
expect_line(int fd, const char *line, const char *answer)
{
    ck_assert_str_eq(ask_line(fd, line), answer);
}

void
fiber_waits_for_descriptor(struct gruvid *g)
{
    unsigned n = gruvid_said(g, " fibers\n");

    while (gruvid_said(g, "waits for descriptor") == 0) {
        gruvid_signal(g, SIGUSR2);
        gruvid_says_times(g, " fibers\n", ++n);
    }
}
