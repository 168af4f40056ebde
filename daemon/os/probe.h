/* SPDX-License-Identifier: MIT */
/*
 * Probes of gruvid for tools that trace a running process: a nop each, as those
 * of the library (lib/base/probe.h) are.
 *
 *   gruvid:connection__open   name of the section, connection
 *   gruvid:connection__close  name of the section, connection
 *   gruvid:stall              name of the section, name of the fiber,
 *                             nanoseconds so far
 *
 * A connection is an address, that tells it from others as long as it lives.
 */
#ifndef GRUVID_OS_PROBE_H
#define GRUVID_OS_PROBE_H

#ifdef HAVE_SYS_SDT_H

#include <sys/sdt.h>

#define GRUVID__PROBE2(name, a, b)    DTRACE_PROBE2(gruvid, name, a, b)
#define GRUVID__PROBE3(name, a, b, c) DTRACE_PROBE3(gruvid, name, a, b, c)

#else

#define GRUVID__PROBE2(name, a, b)    ((void)(a), (void)(b))
#define GRUVID__PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))

#endif

#endif
