/* SPDX-License-Identifier: MIT */
/*
 * trace: what Perfetto and chrome://tracing open, on standard output.  Events
 * go there as they come, because there may be very many.
 */
#include <stdio.h>

#include "gruvictl/show.h"
#include "gruvictl/text.h"
#include "gruvictl/wire.h"

/* Where nothing has come, nothing is printed: a refusal leaves an empty file.
 */
struct written {
    bool begun;
    size_t events;
    json_int_t began;
};

static void
begin(struct written *written)
{
    if (!written->begun)
        fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", stdout);
    written->begun = true;
}

static void
say_hub(const json_t *hub)
{
    json_int_t number = json_integer_value(json_object_get(hub, "hub"));
    json_int_t lost = json_integer_value(json_object_get(hub, "lost"));
    const char *error = json_string_value(json_object_get(hub, "error"));

    if (error != NULL) {
        fprintf(stderr, "gruvictl: hub %lld is missing: ", (long long)number);
        print_safe(stderr, error);
        fputc('\n', stderr);
    }
    if (lost > 0)
        fprintf(
            stderr,
            "gruvictl: hub %lld: the first %lld notes are missing, there were "
            "too many\n",
            (long long)number, (long long)lost);
}

static void
write_piece(const json_t *line, void *arg)
{
    const json_t *events = json_object_get(line, "traceEvents");
    const json_t *hubs = json_object_get(line, "hubs");
    struct written *written = arg;

    begin(written);
    written->began = json_integer_value(json_object_get(line, "began"));
    for (size_t i = 0; i < json_array_size(events); i++) {
        if (written->events++ > 0)
            fputs(",\n", stdout);
        print_json(json_array_get(events, i),
                   JSON_COMPACT | JSON_REAL_PRECISION(15));
    }
    for (size_t i = 0; i < json_array_size(hubs); i++)
        say_hub(json_array_get(hubs, i));
}

enum status
run_trace(const struct task *task, struct wire *wire)
{
    struct written written = {false, 0, 0};
    enum status status =
        wire_stream(wire, task->members, task->timeout, write_piece, &written);

    if (written.begun)
        printf("\n],\"otherData\":{\"clock\":\"CLOCK_MONOTONIC\",\"began\":"
               "\"%lld\"}}\n",
               (long long)written.began);
    return status;
}
