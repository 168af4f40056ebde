/* SPDX-License-Identifier: MIT */
#include "unit/processes.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Of one script at a time: they are not needed once it was spawned. */
gruvi_process_options_t
script(const char *text, gruvi_stdio_kind_t kind)
{
    static __thread char *args[4];
    gruvi_process_options_t options = {.file = "/bin/sh", .args = args};

    args[0] = "sh";
    args[1] = "-c";
    args[2] = (char *)text;
    for (int i = 0; i < 3; i++)
        options.stdio[i].kind = kind;
    return options;
}

gruvi_process_t *
begin_process(const gruvi_process_options_t *options)
{
    gruvi_process_t *p = NULL;
    int err = gruvi_process_spawn(&p, options);

    ck_assert_msg(err == 0, "spawn: %s", gruvi_err_name(err));
    ck_assert_ptr_nonnull(p);
    return p;
}

gruvi_process_t *
begin_script(const char *text, gruvi_stdio_kind_t kind)
{
    gruvi_process_options_t options = script(text, kind);

    return begin_process(&options);
}

void
ends_with(gruvi_process_t *p, int64_t status, int signum)
{
    int64_t exit_status = 12345;
    int term_signal = 12345;

    ck_assert_int_eq(
        gruvi_process_wait(p, &exit_status, &term_signal, GRUVI_FOREVER), 0);
    ck_assert_int_eq(exit_status, status);
    ck_assert_int_eq(term_signal, signum);
}

void
says(gruvi_process_t *p, int fd, const char *text)
{
    char buf[4096];
    size_t got = 0;
    ssize_t n;

    do {
        n = gruvi_stream_read(gruvi_process_stream(p, fd), buf + got,
                              sizeof buf - 1 - got);
        ck_assert_int_ge(n, 0);
        got += (size_t)n;
    } while (n > 0);
    buf[got] = '\0';
    ck_assert_str_eq(buf, text);
}

bool
is_there(pid_t pid)
{
    if (kill(pid, 0) == 0)
        return true;
    ck_assert_int_eq(errno, ESRCH);
    return false;
}
