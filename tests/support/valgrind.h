/* SPDX-License-Identifier: MIT */
/* Whether a test runs under Valgrind, where some of what the kernel does is not
 * as elsewhere: RUNNING_ON_VALGRIND.  And what it has to be told. */
#ifndef TESTS_SUPPORT_VALGRIND_H
#define TESTS_SUPPORT_VALGRIND_H

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND              0
#define VALGRIND_DISABLE_ERROR_REPORTING ((void)0)
#define VALGRIND_ENABLE_ERROR_REPORTING  ((void)0)
#endif

/* How often to try what is right each time, or to race: all takes 30 times as
 * long under Valgrind, which has its say after a tenth of them. */
#define TRIES(n) (RUNNING_ON_VALGRIND ? (n) / 10 : (n))

#endif
