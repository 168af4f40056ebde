/* SPDX-License-Identifier: MIT */
/*
 * Ids of requests.  They need not be secret, only different: a thread draws its
 * first numbers from the system and goes on by itself.
 */
#include "request/id.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <uv.h>

#include "request/request.h"

/* --- traces --------------------------------------------------------------- */

static bool
is_hex(const char *text, size_t length)
{
    return strspn(text, "0123456789abcdef") >= length;
}

static bool
is_zero(const char *text, size_t length)
{
    return strspn(text, "0") >= length;
}

/* 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01; a later version may
 * have more behind it. */
bool
gruvid__id_of_trace(char id[GRUVID__ID_SIZE], const char *traceparent)
{
    size_t length = strlen(traceparent);
    bool first = strncmp(traceparent, "00-", 3) == 0;

    *id = '\0';
    if (length < 55 || (first && length > 55) ||
        (length > 55 && traceparent[55] != '-') || !is_hex(traceparent, 2) ||
        strncmp(traceparent, "ff", 2) == 0 || traceparent[2] != '-' ||
        traceparent[35] != '-' || traceparent[52] != '-' ||
        !is_hex(traceparent + 3, 32) || is_zero(traceparent + 3, 32) ||
        !is_hex(traceparent + 36, 16) || is_zero(traceparent + 36, 16) ||
        !is_hex(traceparent + 53, 2))
        return false;
    memcpy(id, traceparent + 3, 32);
    id[32] = '\0';
    return true;
}

/* --- made ones ------------------------------------------------------------ */

/* A step of splitmix64. */
static uint64_t
draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void
gruvid__id_make(char id[GRUVID__ID_SIZE])
{
    static _Thread_local struct {
        uint64_t state[2];
        bool is_seeded;
    } self;

    if (!self.is_seeded) {
        if (getrandom(self.state, sizeof self.state, GRND_NONBLOCK) !=
            sizeof self.state)
            self.state[0] = uv_hrtime() ^ (uintptr_t)&self;
        self.is_seeded = true;
    }
    snprintf(id, GRUVID__ID_SIZE, "%016llx%016llx",
             (unsigned long long)(draw(&self.state[0]) | 1),
             (unsigned long long)draw(&self.state[1]));
}

const char *
gruvid_request_id(gruvid_request_t *request)
{
    const char *trace;
    char *id;

    if (request->id != NULL)
        return request->id;
    id = gruvid_request_alloc(request, GRUVID__ID_SIZE);
    if (id == NULL)
        return "";
    trace = gruvid__request_first(request, "traceparent");
    if (trace == NULL || !gruvid__id_of_trace(id, trace))
        gruvid__id_make(id);
    return request->id = id;
}
