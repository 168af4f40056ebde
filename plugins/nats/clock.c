/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include <stdint.h>

#include <uv.h>

double
nats_now(void)
{
    return (double)uv_hrtime() / 1e9;
}

double
nats_jitter(double seconds)
{
    uint32_t n = 0;

    uv_random(NULL, NULL, &n, sizeof n, 0, NULL);
    return seconds * (0.5 + (double)n / UINT32_MAX / 2);
}
