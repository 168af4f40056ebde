/* SPDX-License-Identifier: MIT */
/* Switchpoints of names and datagrams. */
#include "unit/switchpoints.h"

intmax_t
call_getaddrinfo(struct stage *stage)
{
    struct addrinfo *result = (void *)stage;
    int err =
        gruvi_getaddrinfo("127.0.0.1", NULL, NULL, &result, GRUVI_FOREVER);

    ck_assert_ptr_null(result);
    return err;
}

/* --- datagrams: one socket, which has sent one to itself ---------------------
 */

intmax_t
call_udp_bind(struct stage *stage)
{
    gruvi_udp_t *udp = stage->udp;
    int err = gruvi_udp_bind(&udp, "udp://127.0.0.1:0", NULL);

    ck_assert_ptr_null(udp);
    return err;
}

intmax_t
call_udp_connect(struct stage *stage)
{
    gruvi_udp_t *udp = stage->udp;
    int err = gruvi_udp_connect(&udp, "udp://127.0.0.1:9", NULL, GRUVI_FOREVER);

    ck_assert_ptr_null(udp);
    return err;
}

intmax_t
call_udp_recv(struct stage *stage)
{
    char c;

    return gruvi_udp_recv(stage->udp, &c, 1, NULL, GRUVI_FOREVER);
}

intmax_t
call_udp_send(struct stage *stage)
{
    return gruvi_udp_send(stage->udp, "y", 1, &stage->udp_address,
                          GRUVI_FOREVER);
}

intmax_t
call_udp_recv_many(struct stage *stage)
{
    char c;
    gruvi_datagram_t datagram = {.data = &c, .size = 1};

    return gruvi_udp_recv_many(stage->udp, &datagram, 1, GRUVI_FOREVER);
}

intmax_t
call_udp_send_many(struct stage *stage)
{
    gruvi_datagram_t datagram = {
        .data = (char[]){'y'}, .size = 1, .peer = stage->udp_address};

    return gruvi_udp_send_many(stage->udp, &datagram, 1, GRUVI_FOREVER);
}

void
open_udp(struct stage *stage)
{
    char address[GRUVI_ADDRESS_SIZE];

    ck_assert_int_eq(gruvi_udp_bind(&stage->udp, "udp://127.0.0.1:0", NULL), 0);
    ck_assert_int_eq(gruvi_udp_address(stage->udp, address, sizeof address), 0);
    ck_assert_int_eq(gruvi_sockaddr_parse(&stage->udp_address, address), 0);
    ck_assert_int_eq(
        gruvi_udp_send(stage->udp, "x", 1, &stage->udp_address, GRUVI_FOREVER),
        0);
}

/* What was there is there, and nothing else. */
void
close_udp(struct stage *stage)
{
    char c;

    ck_assert_int_eq(gruvi_udp_recv(stage->udp, &c, 1, NULL, GRUVI_FOREVER), 1);
    ck_assert_int_eq(c, 'x');
    ck_assert_int_eq(gruvi_udp_recv(stage->udp, &c, 1, NULL, 0), UV_ETIMEDOUT);
    gruvi_udp_close(stage->udp);
}
