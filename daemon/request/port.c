/* SPDX-License-Identifier: MIT */
/* The functions of the transport: see port.h. */
#include "request/port.h"

#include "request/cross.h"

static inline GRUVI_SWITCHPOINT ssize_t
run(struct gruvid_request *request, const struct gruvid__errand *errand)
{
    return request->crossing == NULL ? gruvid__port_run(request, errand)
                                     : gruvid__cross_run(request, errand);
}

/* Count bytes of the body that the transport has taken. */
static inline int
sent(struct gruvid_request *request, uint64_t size, ssize_t result)
{
    if (result >= 0)
        request->sent += size;
    return (int)result;
}

GRUVI_SWITCHPOINT ssize_t
gruvid__port_read(struct gruvid_request *request, void *buf, size_t len)
{
    return run(request, &(struct gruvid__errand){.what = GRUVID__PORT_READ,
                                                 .buf = buf,
                                                 .size = len});
}

GRUVI_SWITCHPOINT int
gruvid__port_begin(struct gruvid_request *request, const gruvid_reply_t *reply)
{
    return sent(request, reply->size,
                run(request, &(struct gruvid__errand){
                                 .what = GRUVID__PORT_BEGIN, .reply = reply}));
}

GRUVI_SWITCHPOINT int
gruvid__port_write(struct gruvid_request *request, const void *data,
                   size_t size)
{
    return sent(
        request, size,
        run(request, &(struct gruvid__errand){.what = GRUVID__PORT_WRITE,
                                              .data = data,
                                              .size = size}));
}

GRUVI_SWITCHPOINT int
gruvid__port_end(struct gruvid_request *request)
{
    return (int)run(request,
                    &(struct gruvid__errand){.what = GRUVID__PORT_END});
}

GRUVI_SWITCHPOINT int
gruvid__port_sendfile(struct gruvid_request *request, gruvi_file_t *file,
                      uint64_t offset, uint64_t length)
{
    return sent(
        request, length,
        run(request, &(struct gruvid__errand){.what = GRUVID__PORT_SENDFILE,
                                              .file = file,
                                              .offset = offset,
                                              .length = length}));
}
