/* SPDX-License-Identifier: MIT */
/*
 * What a client sends, and waits for.  Each returns NULL, or what is wrong,
 * which stays until the next call.
 *
 *   name  of the connection
 *
 * Context: a fiber of the clients, switchpoint.
 */
#ifndef GRUVID_TEST_EXPECT_H
#define GRUVID_TEST_EXPECT_H

#include <gruvi.h>

GRUVI_SWITCHPOINT const char *do_send(gruvi_stream_t *stream, const char *name,
                                      const char *bytes, size_t n);

/* Exactly these bytes, and no byte behind them is read. */
GRUVI_SWITCHPOINT const char *expect_bytes(gruvi_stream_t *stream,
                                           const char *name, const char *bytes,
                                           size_t n);

/* Any bytes, and then these. */
GRUVI_SWITCHPOINT const char *expect_until(gruvi_stream_t *stream,
                                           const char *name, const char *bytes,
                                           size_t n);
GRUVI_SWITCHPOINT const char *expect_end(gruvi_stream_t *stream,
                                         const char *name);
GRUVI_SWITCHPOINT const char *expect_quiet(gruvi_stream_t *stream,
                                           const char *name, double seconds);

#endif
