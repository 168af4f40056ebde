/* SPDX-License-Identifier: MIT */
/* The functions of the transport, in its hub: see port.h. */
#include "request/port.h"

GRUVI_SWITCHPOINT ssize_t
gruvid__port_run(struct gruvid_request *request,
                 const struct gruvid__errand *errand)
{
    const gruvid_transport_t *transport = request->in.transport;
    void *exchange = request->in.exchange;

    switch (errand->what) {
    case GRUVID__PORT_READ:
        return transport->read(exchange, errand->buf, errand->size);
    case GRUVID__PORT_BEGIN:
        return transport->begin(exchange, errand->reply);
    case GRUVID__PORT_WRITE:
        return transport->write(exchange, errand->data, errand->size);
    case GRUVID__PORT_END:
        return transport->end(exchange);
    case GRUVID__PORT_SENDFILE:
        return transport->sendfile(exchange, errand->file, errand->offset,
                                   errand->length);
    }
    return UV_ENOSYS;
}
