/* SPDX-License-Identifier: MIT */
/*
 * The functions of the transport, called from the handler's fiber: here, or
 * carried over to the hub that the transport is in.  Each returns what the
 * transport's function does.
 */
#ifndef GRUVID_REQUEST_PORT_H
#define GRUVID_REQUEST_PORT_H

#include "request/request.h"

/* What is carried over. */
struct gruvid__errand {
    enum {
        GRUVID__PORT_READ,
        GRUVID__PORT_BEGIN,
        GRUVID__PORT_WRITE,
        GRUVID__PORT_END,
        GRUVID__PORT_SENDFILE
    } what;
    void *buf; /* READ */
    const void *data;
    size_t size; /* of buf or data */
    const gruvid_reply_t *reply;
    gruvi_file_t *file;
    uint64_t offset, length;
};

/* Do it, in the transport's hub. */
GRUVI_SWITCHPOINT ssize_t gruvid__port_run(struct gruvid_request *request,
                                           const struct gruvid__errand *errand);

GRUVI_SWITCHPOINT ssize_t gruvid__port_read(struct gruvid_request *request,
                                            void *buf, size_t len);
GRUVI_SWITCHPOINT int gruvid__port_begin(struct gruvid_request *request,
                                         const gruvid_reply_t *reply);
GRUVI_SWITCHPOINT int gruvid__port_write(struct gruvid_request *request,
                                         const void *data, size_t size);
GRUVI_SWITCHPOINT int gruvid__port_end(struct gruvid_request *request);
GRUVI_SWITCHPOINT int gruvid__port_sendfile(struct gruvid_request *request,
                                            gruvi_file_t *file, uint64_t offset,
                                            uint64_t length);

#endif
