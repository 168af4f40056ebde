/* SPDX-License-Identifier: MIT */
/* The functions of the transport: see port.h. */
#include "request/port.h"

#include "request/cross.h"

static inline ssize_t
run(struct gruvid_request *request, const struct gruvid__errand *errand)
{
    return request->crossing == NULL ? gruvid__port_run(request, errand)
                                     : gruvid__cross_run(request, errand);
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
    return (int)run(request, &(struct gruvid__errand){
                                 .what = GRUVID__PORT_BEGIN, .reply = reply});
}

GRUVI_SWITCHPOINT int
gruvid__port_write(struct gruvid_request *request, const void *data,
                   size_t size)
{
    return (int)run(
        request, &(struct gruvid__errand){
                     .what = GRUVID__PORT_WRITE, .data = data, .size = size});
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
    return (int)run(request,
                    &(struct gruvid__errand){.what = GRUVID__PORT_SENDFILE,
                                             .file = file,
                                             .offset = offset,
                                             .length = length});
}
