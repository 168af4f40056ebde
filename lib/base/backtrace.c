/* SPDX-License-Identifier: MIT */
/*
 * The stack of this thread, for a failed assertion.
 */
#include <stdio.h>
#include <unistd.h>
#ifdef HAVE_EXECINFO_H
#include <execinfo.h>
#endif

#include "base/backtrace.h"

#define MOST_FRAMES 64

void
gruvi__backtrace_print(void)
{
#ifdef HAVE_EXECINFO_H
    void *frames[MOST_FRAMES];
    int n = backtrace(frames, MOST_FRAMES);

    fflush(stderr);
    backtrace_symbols_fd(frames, n, STDERR_FILENO);
#endif
}
