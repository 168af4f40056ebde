/* SPDX-License-Identifier: MIT */
/*
 * The same for gruvictl, command by command, with a gruvid that has no faults.
 *
 * gruvictl has to end: with the answer that it gives without a fault, perhaps
 * with a note about what is missing in it, or with a status that is not 0 and a
 * word about the call that failed.  Then the same command has to work, and
 * gruvid has no descriptor more than before.
 *
 * --cluster makes no call that the same command makes not without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/run_gruvictl.h"
#include "faults/faults.h"
#include "faults/sweep.h"

#define CONFIG                                                                 \
    "[gruvid]\ncontrol = @DIR@/control\n"                                      \
    "drain_timeout = 100ms\ncancel_timeout = 100ms\n"                          \
    "[plugin parked]\nlisten = unix:@DIR@/parked\nfibers = 3\n"

/* What is unusual. */
enum scene {
    USUAL,
    TERMINAL, /* the output goes to one */
    CLOSED,   /* standard output is */
    REPLACED, /* the file of a plugin is, and what is there is none */
    NOBODY,   /* there is a socket, and nobody listens */
    STOPS,    /* gruvid, by it */
    BUSY      /* the same, of one that does not run: by a signal */
};

static const struct life {
    const char *args[6];
    const char
        *says; /* of a run that worked; to stderr, where status is not 0 */
    enum scene scene;
    int status;  /* without a fault */
    bool varies; /* how many lines it prints */
} lives[] = {
    {{"status"}, "gruvid ", USUAL, 0, false},
    {{"hubs"}, "HUB", TERMINAL, 0, false},
    {{"--json", "plugins"}, "{\"id\":1,", USUAL, 0, false},
    {{"hubs"}, "HUB ", USUAL, 0, false},
    {{"fibers"}, "FIBER ", USUAL, 0, true},
    {{"fibers", "--stacks", "--group"}, " fibers of parked", USUAL, 0, true},
    {{"fibers", "--stacks", "--plugin", "parked"}, "parked", REPLACED, 0, true},
    {{"config"}, "[gruvid]", USUAL, 0, false},
    {{"log"}, "gruvid", USUAL, 0, true},
    {{"log-level", "warning"}, "log level: warning", USUAL, 0, false},
    {{"reload"}, "reload ", USUAL, 0, false},
    {{"restart", "parked"}, "reload ", USUAL, 0, false},
    {{"top", "--count", "2", "--seconds", "0.001"}, "PLUGIN", USUAL, 0, false},
    {{"trace", "--seconds", "0.01"}, "CLOCK_MONOTONIC", USUAL, 0, true},
    {{"status"}, "cannot be written: Bad file", CLOSED, 1, false},
    {{"status"}, "nobody is there any more", NOBODY, 69, false},
    {{"stop", "--no-wait"}, "", STOPS, 0, false},
    {{"stop"}, "", STOPS, 0, false},
    {{"stop"}, "", BUSY, 0, false},
};
#define LIVES (sizeof lives / sizeof *lives)

static const struct life *life;
static struct gruvid *g;
static unsigned most;    /* descriptors that it has */
static char model[4096]; /* the shape of the answer without a fault */

static char plugins[] = "/tmp/gruvi-faults-plugins-XXXXXX";

/* --- gruvid --------------------------------------------------------------- */

/* A file there, under another name first: gruvid may have it mapped. */
static void
put_plugin(const char *command)
{
    char line[8400];

    snprintf(line, sizeof line, "%s > %s/new && mv %s/new %s/parked.so",
             command, plugins, plugins, plugins);
    ck_assert_int_eq(system(line), 0);
}

static void
begin_gruvid(void)
{
    char option[100], command[4200];
    const char *args[] = {"-o", option, NULL};
    struct gruvid_options options = {.args = args};

    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", plugins);
    snprintf(command, sizeof command,
             "cat %s/tests/daemon/plugins/.libs/parked.so",
             getenv("top_builddir"));
    put_plugin(command);
    g = gruvid_ready(CONFIG, &options);
    most = gruvid_descriptors(g);
    if (life->scene == REPLACED)
        put_plugin("echo none");
    if (life->scene == BUSY)
        gruvid_signal(g, SIGSTOP);
}

/* It has stopped, or is stopping, or goes on: whatever gruvictl has said. */
static void
end_gruvid(bool stopped)
{
    siginfo_t info = {.si_pid = 0};

    waitid(P_PID, (id_t)g->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    ck_assert_msg(!stopped || info.si_pid != 0, "%s: gruvid has not ended",
                  faults_text());
    kill(g->pid, SIGTERM);
    kill(g->pid, SIGCONT);
    gruvid_wait(g);
    gruvid_end_all();
    g = NULL;
}

/* A client that has just gone may not be closed yet. */
static void
check_descriptors(void)
{
    for (int tries = 0; gruvid_descriptors(g) > most; tries++) {
        ck_assert_msg(tries < PATIENCE * 100, "%s: %u descriptors, not %u",
                      faults_text(), gruvid_descriptors(g), most);
        usleep(10000);
    }
}

/* --- gruvictl ------------------------------------------------------------- */

static void
become_it(int out, int err)
{
    for (const char *const *env = faults_env(); *env != NULL; env++)
        putenv(strdup(*env));
    if (life->scene != TERMINAL)
        dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (life->scene == CLOSED)
        close(STDOUT_FILENO);
    become_gruvictl(life->scene == NOBODY ? gruvid_path(g, "stale")
                                          : gruvid_path(g, "control"),
                    life->args);
}

static void
read_file(int fd, char *text, size_t size)
{
    ssize_t n = pread(fd, text, size - 1, 0);

    text[n < 0 ? 0 : n] = '\0';
}

/* gruvid, which does not run, has to go on when gruvictl waits for its end:
 * when it was sent a signal, or is said to be gone. */
static void
have_it_end(int err)
{
    read_file(err, said.err, sizeof said.err);
    if (strstr(said.err, "it was sent SIGTERM") != NULL)
        kill(g->pid, SIGCONT);
    else if (faults_fired() && faults_error() == ESRCH)
        kill(g->pid, SIGKILL);
}

static void
await_end(pid_t pid, int err)
{
    int tries = 0, status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (life->scene == BUSY)
            have_it_end(err);
        usleep(tries < 100 ? 1000 : 10000);
        if (tries++ < PATIENCE * 100)
            continue;
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        read_file(err, said.err, sizeof said.err);
        ck_abort_msg("%s: gruvictl %s hangs: %s", faults_text(), life->args[0],
                     said.err);
    }
    ck_assert_msg(WIFEXITED(status), "%s: gruvictl %s: signal %d",
                  faults_text(), life->args[0], WTERMSIG(status));
    said.status = WEXITSTATUS(status);
}

/* What it prints is little: a terminal takes all of it. */
static void
run(void)
{
    int out = memfd_create("out", MFD_CLOEXEC);
    int err = memfd_create("err", MFD_CLOEXEC), terminal = -1;
    struct winsize size = {.ws_row = 50, .ws_col = 100};
    pid_t pid = life->scene == TERMINAL ? forkpty(&terminal, NULL, NULL, &size)
                                        : fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        become_it(out, err);
    await_end(pid, err);
    read_file(err, said.err, sizeof said.err);
    if (terminal >= 0) {
        ssize_t n = read(terminal, said.out, sizeof said.out - 1);

        said.out[n < 0 ? 0 : n] = '\0';
        close(terminal);
    } else {
        read_file(out, said.out, sizeof said.out);
    }
    close(out);
    close(err);
}

/* --- what it says --------------------------------------------------------- */

/* The letters with which lines begin, and whether the last line has an end. */
static void
set_shape(char *shape, size_t size)
{
    size_t n = 0;

    for (const char *c = said.out; *c != '\0' && n + 3 < size;) {
        size_t word = strcspn(c, " 0123456789\n\r");

        n += (size_t)snprintf(shape + n, size - n, "%.*s\n",
                              (int)(word < 30 ? word : 30), c);
        n = n < size ? n : size - 1;
        c += strcspn(c, "\n");
        if (*c == '\n')
            c++;
        else
            shape[n++] = '!';
    }
    shape[n] = '\0';
}

static void
expect_right(const char *which)
{
    const char *where = life->status == 0 ? said.out : said.err;
    size_t n = strlen(said.out);
    char shape[sizeof model];

    ck_assert_msg(said.status == life->status &&
                      strstr(where, life->says) != NULL &&
                      (n == 0 || said.out[n - 1] == '\n'),
                  "%s: %s gruvictl %s: exit status %d\n%s%s", faults_text(),
                  which, life->args[0], said.status, said.out, said.err);
    if (life->varies)
        return;
    set_shape(shape, sizeof shape);
    if (model[0] == '\0')
        strcpy(model, shape);
    ck_assert_msg(strcmp(model, shape) == 0,
                  "%s: %s gruvictl %s has another answer\n%s%s", faults_text(),
                  which, life->args[0], said.out, said.err);
}

static bool
says_error(void)
{
    return strstr(said.err, strerror(faults_error())) != NULL;
}

/* Whether the reason is named, by itself or by what it means there. */
static bool
says_why(void)
{
    static const struct {
        int error;
        const char *words;
    } meanings[] = {
        {ECONNREFUSED, "nobody is there any more"},
        {EACCES, "permission denied"},
        {ECONNRESET, "gruvid has gone"},
        {EPIPE, "gruvid has gone"},
    };

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].error == faults_error() &&
            strstr(said.err, meanings[i].words) != NULL)
            return true;
    return says_error();
}

/* Whether a line is gruvictl's.  Notes on what has no debug information come in
 * front of it. */
static bool
says_who(void)
{
    return strncmp(said.err, "gruvictl: ", 10) == 0 ||
           strstr(said.err, "\ngruvictl: ") != NULL;
}

/* Nothing is printed by a command that fails, but what it could write. */
static void
expect_failure(void)
{
    ck_assert_msg((said.status == 1 || said.status == 69) && says_who() &&
                      says_why(),
                  "%s: gruvictl %s: exit status %d\n%s%s", faults_text(),
                  life->args[0], said.status, said.out, said.err);
    ck_assert_msg(said.out[0] == '\0' ||
                      strstr(said.err, "the output cannot be written") ||
                      strcmp(life->args[0], "top") == 0 ||
                      strcmp(life->args[0], "trace") == 0,
                  "%s: gruvictl %s: half an answer\n%s%s", faults_text(),
                  life->args[0], said.out, said.err);
}

static void
judge(void)
{
    if (said.status != life->status || (life->status != 0 && says_why())) {
        expect_failure();
        faults_saw(FAULT_RESULT);
    } else {
        expect_right("with it,");
        faults_saw(says_error() ? FAULT_NOTE : FAULT_NOTHING);
    }
}

/* --- a life --------------------------------------------------------------- */

static void
leave_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path, gruvid_path(g, "stale"));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

static void
live(void)
{
    life = &lives[faults_life()];
    if (g == NULL) {
        begin_gruvid();
        if (life->scene == NOBODY)
            leave_socket();
    }
    run();
    if (faults_fired())
        judge();
    else
        expect_right("without a fault,");
    if (life->scene >= STOPS) {
        end_gruvid(said.status == 0 && life->args[1] == NULL);
        return;
    }
    if (faults_fired()) {
        run();
        expect_right("after it,");
    }
    check_descriptors();
}

/* gruvictl waits for three seconds until it takes gruvid for busy: only what it
 * does then fails there.  And a stop whose connection breaks waits for half a
 * minute for an end that does not come here: once is enough. */
static bool
wants(int call, int error)
{
    switch (lives[faults_life()].scene) {
    case BUSY:
        return call == FAULT_KILL || call == FAULT_PIDFD_OPEN ||
               call == FAULT_POLL;
    case STOPS:
        return call != FAULT_SEND || error != ECONNRESET;
    default:
        return true;
    }
}

static void
begin(void)
{
    ck_assert_ptr_nonnull(mkdtemp(plugins));
}

static void
end(void)
{
    char path[100];

    gruvid_end_all();
    snprintf(path, sizeof path, "%s/parked.so", plugins);
    unlink(path);
    rmdir(plugins);
}

/* Without these there are no names, or no stacks. */
#if defined HAVE_LIBDW && !defined GRUVI_CONTEXT_UCONTEXT
#define HAS_NAMES true
#else
#define HAS_NAMES false
#endif

int
main(void)
{
    static const struct faults_subject subject = {
        .column = FAULT_OF_GRUVICTL,
        .sees_all = HAS_NAMES,
        .lives = LIVES,
        .least = 5,
        .begin = begin,
        .end = end,
        .live = live,
        .wants = wants,
    };

    return faults_sweep("faults_gruvictl", &subject);
}
