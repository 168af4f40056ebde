/* SPDX-License-Identifier: MIT */
#ifndef GRUVI_VERSION_H
#define GRUVI_VERSION_H

/* The version of these headers; gruvi_version() is the one of the library. */
#define GRUVI_VERSION_MAJOR 0
#define GRUVI_VERSION_MINOR 1
#define GRUVI_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of the library as text, e.g. "0.1.0".
 *
 * Returns static text, borrowed.
 * Context:  any thread.
 */
__attribute__((visibility("default"))) const char *gruvi_version(void);

#ifdef __cplusplus
}
#endif

#endif
