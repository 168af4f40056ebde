/* SPDX-License-Identifier: MIT */
/*
 * Names of the network, in blocking style.  The calling fiber waits, its hub
 * does not.
 *
 * Every waiting call may also return UV_ECANCELED, UV_ETIMEDOUT (its own
 * timeout or a deadline around it), UV_EINTR in the root fiber and
 * UV_ESHUTDOWN while the hub closes.
 */
#ifndef GRUVI_NET_H
#define GRUVI_NET_H

#include <netdb.h>

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/*
 * Look a host and a service up, as getaddrinfo() does.
 *
 * The resolver of the system is asked in the IO pool, where look-ups use half
 * of the threads at most (of one, the one); more of them queue.  Those who look
 * the same up at the same time share one look-up.  It cannot be stopped: where
 * the resolver hangs the call returns after its timeout, and the look-up goes
 * on without it.  Numbers need no pool, and do not wait.
 *
 * In a thread of the IO pool itself the resolver is asked right there, and no
 * timeout helps.
 *
 *   host     a name or a numeric address; NULL: this machine, see AI_PASSIVE
 *   service  a name or a number; NULL: port 0
 *   hints    flags, family, socket type and protocol of what is wanted; NULL:
 *            everything, as getaddrinfo() without hints
 *   result   where to put the list, owned (gruvi_freeaddrinfo()); NULL on
 *            failure
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_EAI_*, UV_EINVAL (neither host nor service), UV_ENOMEM, why the
 *          IO pool has no thread.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_getaddrinfo(const char *host,
                                                  const char *service,
                                                  const struct addrinfo *hints,
                                                  struct addrinfo **result,
                                                  double timeout);

/*
 * Free what gruvi_getaddrinfo() has put out.  NULL is fine.  (With glibc,
 * freeaddrinfo() and uv_freeaddrinfo() do the same.)
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_freeaddrinfo(struct addrinfo *result);

GRUVI_END_DECLS

#endif
