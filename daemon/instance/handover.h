/* SPDX-License-Identifier: MIT */
/* What a generation hands over to the next: bytes and descriptors by name. */
#ifndef GRUVID_HANDOVER_H
#define GRUVID_HANDOVER_H

#include <stddef.h>

/* The most that names and data may have, in bytes. */
#define GRUVID__HANDOVER_MOST ((size_t)64 << 20)

struct gruvid__handover;

/* Empty; NULL: no memory. */
struct gruvid__handover *gruvid__handover_new(void);

/* Close the descriptors that are left, and free it.  NULL is fine. */
void gruvid__handover_free(struct gruvid__handover *handover);

/*
 * Keep a copy of bytes under a name, in place of what it had.
 *
 * Returns 0.
 * Errors:  UV_EINVAL, UV_E2BIG, UV_ENOMEM; nothing has changed then.
 */
int gruvid__handover_put(struct gruvid__handover *handover, const char *name,
                         const void *data, size_t size);

/* The same for a duplicate of a descriptor.  Errors: those of dup(2), too. */
int gruvid__handover_put_fd(struct gruvid__handover *handover, const char *name,
                            int fd);

/* The bytes under a name, with a NUL behind them, until the handover is freed;
 * or NULL.  size may be NULL. */
const void *gruvid__handover_get(const struct gruvid__handover *handover,
                                 const char *name, size_t *size);

/* The descriptor under a name, which the caller owns from now on; or
 * UV_ENOENT. */
int gruvid__handover_take_fd(struct gruvid__handover *handover,
                             const char *name);

#endif
