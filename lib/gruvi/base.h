/* SPDX-License-Identifier: MIT */
/*
 * What every public header needs: visibility, linkage, the opaque types.
 * Programs include <gruvi.h>.
 */
#ifndef GRUVI_BASE_H
#define GRUVI_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <uv.h>

#ifdef __cplusplus
#define GRUVI_BEGIN_DECLS extern "C" {
#define GRUVI_END_DECLS   }
#else
#define GRUVI_BEGIN_DECLS
#define GRUVI_END_DECLS
#endif

#define GRUVI_API __attribute__((visibility("default")))

/* A result that must not be dropped: whoever gets it has to release it. */
#define GRUVI_OWNED __attribute__((warn_unused_result))

/* Any negative timeout means "no limit"; programs write this. */
#define GRUVI_FOREVER (-1.0)

/*
 * For macros that declare variables: with __COUNTER__ the name is unique, also
 * where such macros nest.
 */
#define GRUVI__PASTE2(a, b) a##b
#define GRUVI__PASTE(a, b)  GRUVI__PASTE2(a, b)

/* Reference-counted and opaque: programs see only pointers to these. */
typedef struct gruvi_hub gruvi_hub_t;
typedef struct gruvi_fiber gruvi_fiber_t;
typedef struct gruvi_poller gruvi_poller_t;
typedef struct gruvi_watch gruvi_watch_t;

#ifdef __cplusplus
#include <gruvi/exception.h>
#endif

#endif
