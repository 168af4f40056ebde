/* SPDX-License-Identifier: MIT */
/*
 * Comments in a stream of events: something now and then, so that nobody
 * between client and server takes a silent connection for a dead one.
 */
#ifndef HTTP_COMMENTS_H
#define HTTP_COMMENTS_H

#include <gruvi.h>
#include <gruvid/plugin.h>

#define HTTP_COMMENT ":\n\n"

struct http_comments {
    gruvi_fiber_t *fiber;  /* writes them; NULL: there are none */
    gruvi_lock_t writes;   /* of events and comments; valid with fiber */
    gruvi_fiber_t *caller; /* of http_comments_begin(), referenced */
    gruvid_plugin_t *plugin;
    double pause; /* seconds; GRUVI_FOREVER: none */
    GRUVI_SWITCHPOINT int (*write)(void *arg);
    void *arg;
};

/*
 * A stream of events begins.  Zeros before.  When the plugin drains, the caller
 * is cancelled, which ends the stream in order: a client connects again, and
 * meets the next generation.
 *
 *   plugin the transport
 *   pause  seconds between comments; 0: none
 *   write  writes one; a switchpoint.  Returns 0, or an error that ends them
 *
 * Returns 0; after an error there are none.
 * Context: fiber.
 */
int http_comments_begin(struct http_comments *comments, gruvid_plugin_t *plugin,
                        double pause, GRUVI_SWITCHPOINT int (*write)(void *arg),
                        void *arg);

/* An event is written: wait for a comment on its way, and none is written
 * meanwhile.  Context: fiber, switchpoint. */
GRUVI_SWITCHPOINT int http_comments_enter(struct http_comments *comments);
void http_comments_leave(struct http_comments *comments);

/* The stream is over.  Context: fiber, switchpoint. */
GRUVI_SWITCHPOINT void http_comments_end(struct http_comments *comments);

#endif
