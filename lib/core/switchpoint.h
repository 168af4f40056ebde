/* SPDX-License-Identifier: MIT */
/* Failed assertions: see switchpoint.c. */
#ifndef GRUVI_CORE_SWITCHPOINT_H
#define GRUVI_CORE_SWITCHPOINT_H

/* An assertion of the library failed: the handler, then UV_EPERM. */
int gruvi__assert_failed(const char *format, ...)
    __attribute__((format(printf, 1, 2), cold));

#endif
