/* SPDX-License-Identifier: MIT */
/* What the tests of processes share. */
#ifndef TESTS_UNIT_PROCESSES_H
#define TESTS_UNIT_PROCESSES_H

#include "unit/harness.h"

/* Options for a script; NULL, PIPE and so on for all three. */
gruvi_process_options_t script(const char *text, gruvi_stdio_kind_t kind);

/* Spawn it, which succeeds. */
gruvi_process_t *begin_process(const gruvi_process_options_t *options);
gruvi_process_t *begin_script(const char *text, gruvi_stdio_kind_t kind);

/* It ends, or has ended, like that. */
void ends_with(gruvi_process_t *p, int64_t status, int signum);

/* All that comes from its output is just this. */
void says(gruvi_process_t *p, int fd, const char *text);

/* Whether there is such a process, or a zombie. */
bool is_there(pid_t pid);

#endif
