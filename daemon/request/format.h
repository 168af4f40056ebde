/* SPDX-License-Identifier: MIT */
#ifndef GRUVID_REQUEST_FORMAT_H
#define GRUVID_REQUEST_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* vsnprintf(); cheaper where a format has nothing but text, %s and %%. */
int gruvid__format(char *buf, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
