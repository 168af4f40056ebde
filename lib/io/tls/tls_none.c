/* SPDX-License-Identifier: MIT */
/* TLS without OpenSSL: every call fails. */
#include <string.h>

#include "core/error.h"
#include "core/wait.h"
#include "io/tls/tls.h"

static int
refuse(void)
{
    gruvi__set_error_message("libgruvi was built without OpenSSL");
    return UV_ENOTSUP;
}

gruvi_tls_t *
gruvi_tls_new(const gruvi_tls_options_t *options)
{
    (void)options;
    return gruvi__fail(refuse());
}

gruvi_tls_t *
gruvi_tls_ref(gruvi_tls_t *tls)
{
    return tls;
}

void
gruvi_tls_unref(gruvi_tls_t *tls)
{
    (void)tls;
}

GRUVI_SWITCHPOINT int
gruvi_tls_handshake(gruvi_stream_t *s, double timeout)
{
    gruvi_fiber_t *fiber;
    int err = gruvi__enter(__func__, &fiber);

    (void)s;
    (void)timeout;
    return err < 0 ? err : refuse();
}

GRUVI_SWITCHPOINT int
gruvi_tls_start_client(gruvi_stream_t *s, gruvi_tls_t *tls,
                       const char *server_name, double timeout)
{
    gruvi_fiber_t *fiber;
    int err = gruvi__enter(__func__, &fiber);

    (void)s;
    (void)tls;
    (void)server_name;
    (void)timeout;
    return err < 0 ? err : refuse();
}

GRUVI_SWITCHPOINT int
gruvi_tls_start_server(gruvi_stream_t *s, gruvi_tls_t *tls, double timeout)
{
    gruvi_fiber_t *fiber;
    int err = gruvi__enter(__func__, &fiber);

    (void)s;
    (void)tls;
    (void)timeout;
    return err < 0 ? err : refuse();
}

int
gruvi_tls_info(const gruvi_stream_t *s, gruvi_tls_info_t *info)
{
    (void)s;
    memset(info, 0, sizeof *info);
    return refuse();
}

int
gruvi_tls_peer_subject(const gruvi_stream_t *s, char *buf, size_t len)
{
    (void)s;
    if (len > 0)
        buf[0] = '\0';
    return refuse();
}

int
gruvi__tls_check(const struct gruvi__address *address, const gruvi_tls_t *tls,
                 bool listen)
{
    (void)tls;
    (void)listen;
    return address->tls ? refuse() : 0;
}

int
gruvi__tls_check_change(const gruvi_tls_t *tls)
{
    (void)tls;
    return refuse();
}

int
gruvi__tls_attach(gruvi_stream_t *s, gruvi_tls_t *tls)
{
    (void)s;
    (void)tls;
    return refuse();
}

int
gruvi__tls_connect(gruvi_stream_t *s, const struct gruvi__address *address,
                   const gruvi_connect_options_t *options, double timeout)
{
    (void)s;
    (void)address;
    (void)options;
    (void)timeout;
    return refuse();
}
