/* SPDX-License-Identifier: MIT */
/* The same for all kinds of I/O of libgruvi: see io.c. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/sweep.h"
#include "support/suite.h"

/* A program that takes longer hangs: in 10 ms. */
#define PATIENCE 12000

static void
nothing(void)
{
}

static void
exec_program(int output)
{
    const char *build = getenv("top_builddir");
    char program[4200], libs[4200];

    /* The program itself, and no wrapper of libtool's. */
    snprintf(program, sizeof program, "%s/tests/faults/.libs/io", build);
    if (access(program, X_OK) < 0)
        snprintf(program, sizeof program, "%s/tests/faults/io", build);
    snprintf(libs, sizeof libs, "%s/lib/.libs", build);
    setenv("LD_LIBRARY_PATH", libs, 1);
    for (const char *const *env = faults_env(); *env != NULL; env++)
        putenv(strdup(*env));
    dup2(output, 1);
    dup2(output, 2);
    execl(program, program, (char *)NULL);
    _exit(127);
}

static const char *
read_output(int fd)
{
    static char text[4096];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void
run_program(void)
{
    char path[] = "/tmp/gruvi-faults-out-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC), status = 0, tries = 0;
    pid_t pid;

    ck_assert_int_ge(fd, 0);
    unlink(path);
    pid = fork();
    if (pid == 0)
        exec_program(fd);
    while (waitpid(pid, &status, WNOHANG) == 0) {
        usleep(tries < 100 ? 1000 : 10000);
        if (tries++ == PATIENCE) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            ck_abort_msg("%s: it hangs\n%s", faults_text(), read_output(fd));
        }
    }
    ck_assert_msg(WIFEXITED(status), "%s: signal %d\n%s", faults_text(),
                  WTERMSIG(status), read_output(fd));
    ck_assert_msg(WEXITSTATUS(status) == 0 ||
                      (WEXITSTATUS(status) == 5 && faults_fired()),
                  "%s: exit status %d\n%s", faults_text(), WEXITSTATUS(status),
                  read_output(fd));
    ck_assert_msg(read_output(fd)[0] == '\0' || faults_fired(),
                  "without a fault: %s", read_output(fd));
    if (read_output(fd)[0] != '\0' || WEXITSTATUS(status) != 0)
        faults_saw(FAULT_RESULT);
    close(fd);
}

int
main(void)
{
    static const struct faults_subject subject = {
        .column = FAULT_OF_LIBGRUVI,
        .sees_all = true,
        .least = 30,
        .begin = nothing,
        .end = nothing,
        .live = run_program,
    };

    return faults_sweep("faults_io", &subject);
}
