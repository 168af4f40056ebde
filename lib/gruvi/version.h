/* SPDX-License-Identifier: MIT */
/*
 * The version of the headers, and of the library that was found at run time.
 */
#ifndef GRUVI_VERSION_H
#define GRUVI_VERSION_H

#include <gruvi/base.h>

#define GRUVI_VERSION_MAJOR 0
#define GRUVI_VERSION_MINOR 1
#define GRUVI_VERSION_PATCH 0

GRUVI_BEGIN_DECLS

/*
 * The library's version, "0.1.0".
 *
 * Returns static text.
 * Context: any thread.
 */
GRUVI_API const char *gruvi_version(void);

GRUVI_END_DECLS

#endif
