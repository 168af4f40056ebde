/* SPDX-License-Identifier: MIT */
#include "id.h"

#include <stddef.h>
#include <stdio.h>

#include <uv.h>

int
nats_id_new(char id[NATS_ID])
{
    unsigned char bytes[NATS_ID / 2];
    int err = uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL);

    for (size_t i = 0; err == 0 && i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    return err;
}
