/* SPDX-License-Identifier: MIT */
#include "unit/askers.h"

#include <arpa/inet.h>
#include <string.h>

void
begin(void)
{
    gruvi_set_pool_sizes(1, IO_THREADS);
}

void
settle(void)
{
    gruvi_pool_stats_t stats;

    release_lookups();
    do {
        uv_sleep(1);
        gruvi_pool_stats(gruvi_get_io_pool(), &stats);
    } while (stats.busy + stats.queued > 0);
}

int
run_asker(void *arg)
{
    struct asker *a = arg;

    a->list = (void *)a;
    a->result =
        gruvi_getaddrinfo(a->host, NULL, a->hints, &a->list, a->timeout);
    return 0;
}

void
begin_ask(struct asker *a, const char *host, double timeout)
{
    a->host = host;
    a->timeout = timeout;
    a->fiber = spawn(run_asker, a);
    turns(1);
    if (timeout < 0)
        ck_assert_str_eq(gruvi_fiber_waiting_for(a->fiber), "resolve");
}

int
end_ask(struct asker *a)
{
    finish(a->fiber);
    ck_assert_int_eq(a->list != NULL, a->result == 0);
    return a->result;
}

void
check_address(const struct addrinfo *info, const char *address)
{
    const struct sockaddr_in *at;
    char text[INET_ADDRSTRLEN];

    ck_assert_ptr_nonnull(info);
    ck_assert_int_eq(info->ai_family, AF_INET);
    ck_assert_uint_eq(info->ai_addrlen, sizeof *at);
    at = (const void *)info->ai_addr;
    inet_ntop(AF_INET, &at->sin_addr, text, sizeof text);
    ck_assert_str_eq(text, address);
}
