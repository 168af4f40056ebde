/* SPDX-License-Identifier: MIT */
/* Any bytes as a line of a client of the control socket.  Each is answered by
 * one line of JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/client.h"
#include "control/commands.h"
#include "control/dispatch.h"
#include "control/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned answers;

/* --- in place of what is around dispatch.c -------------------------------- */

static void
put(struct gruvid__outlet *outlet, const char *text, size_t length)
{
    json_t *line = json_loadb(text, length - 1, JSON_REJECT_DUPLICATES, NULL);

    (void)outlet;
    if (memchr(text, '\n', length) != text + length - 1 ||
        !json_is_boolean(json_object_get(line, "ok")))
        abort();
    if (!json_is_true(json_object_get(line, "more")))
        answers++;
    json_decref(line);
}

static int
wait(struct gruvid__outlet *outlet)
{
    (void)outlet;
    return 0;
}

struct gruvid__outlet *
gruvid__client_outlet(struct gruvid__client *client)
{
    client->outlet = (struct gruvid__outlet){.put = put, .wait = wait};
    return &client->outlet;
}

const char *
gruvi_err_name(int err)
{
    return uv_err_name(err);
}

const char *
gruvi_strerror(int err)
{
    return uv_strerror(err);
}

/* --- a command with a member of each type ----------------------------------
 */

static int
handle(struct gruvid__request *request)
{
    const char *text = gruvid__request_text(request, "plugin");

    if (gruvid__request_flag(request, "group"))
        return gruvid__refuse(request, UV_ENOENT, "there is no \"%s\"",
                              text == NULL ? "" : text);
    if (gruvid__request_whole(request, "limit", 3) > 7)
        return UV_EINVAL;
    gruvid__answer_pieces(request, "items", json_pack("[s?]", text));
    return gruvid__answer(
        request, json_pack("{s:f}", "seconds",
                           gruvid__request_seconds(request, "seconds", 1)));
}

static const struct gruvid__member members[] = {
    {.name = "plugin", .type = GRUVID__TEXT, .needed = true},
    {.name = "group", .type = GRUVID__FLAG},
    {.name = "limit", .type = GRUVID__WHOLE},
    {.name = "seconds", .type = GRUVID__SECONDS},
    {.name = NULL},
};

static const struct gruvid__command command = {
    .name = "x",
    .who = GRUVID__MAY_LOOK,
    .members = members,
    .handler = handle,
};

const struct gruvid__command *
gruvid__command_find(const char *name)
{
    return strcmp(name, command.name) == 0 ? &command : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gruvid__control control = {.daemon = NULL};
    struct gruvid__client client = {.control = &control};

    client.peer.may = GRUVID__MAY_LOOK;
    answers = 0;
    gruvid__dispatch(&client, (const char *)data, size);
    if (answers != 1)
        abort();
    return 0;
}
