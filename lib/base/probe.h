/* SPDX-License-Identifier: MIT */
/*
 * Probes for tools that trace a running process, such as bpftrace and perf: a
 * probe is a nop and a note in the file that says where its arguments are.  It
 * costs the nop, and what the arguments cost: so these are what is in registers
 * or in memory already.
 *
 *   gruvi:fiber__spawn   fiber, its number, its function
 *   gruvi:fiber__switch  the fiber that is left, the fiber that goes on
 *   gruvi:fiber__exit    fiber, its number, what its function returned
 *   gruvi:pool__enqueue  name of the pool, work
 *   gruvi:pool__dequeue  name of the pool, work
 *
 * A fiber and work are addresses, that tell it from others as long as it lives.
 */
#ifndef GRUVI_BASE_PROBE_H
#define GRUVI_BASE_PROBE_H

#ifdef HAVE_SYS_SDT_H

#include <sys/sdt.h>

#define GRUVI__PROBE2(name, a, b)    DTRACE_PROBE2(gruvi, name, a, b)
#define GRUVI__PROBE3(name, a, b, c) DTRACE_PROBE3(gruvi, name, a, b, c)

#else

#define GRUVI__PROBE2(name, a, b)    ((void)(a), (void)(b))
#define GRUVI__PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))

#endif

#endif
