/* SPDX-License-Identifier: MIT */
/*
 * From a line to the handler of its command.
 *
 * A member that the command does not know is refused and not ignored: an
 * operator who has mistyped "plugin" must not restart everything.
 */
#include "control/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "control/client.h"
#include "control/commands.h"
#include "control/parse.h"
#include "control/request.h"
#include "control/state.h"

/* Bytes of a text that a client chooses as the id of its request. */
#define MAX_ID 128

/* --- what was sent ---------------------------------------------------------
 */

static bool
has_type(const json_t *value, enum gruvid__member_type type)
{
    switch (type) {
    case GRUVID__TEXT:
        return json_is_string(value);
    case GRUVID__FLAG:
        return json_is_boolean(value);
    case GRUVID__WHOLE:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case GRUVID__SECONDS:
        return json_is_number(value) && json_number_value(value) >= 0;
    default:
        return false;
    }
}

static const char *
type_name(enum gruvid__member_type type)
{
    static const char *const names[] = {
        [GRUVID__TEXT] = "a text",
        [GRUVID__FLAG] = "true or false",
        [GRUVID__WHOLE] = "an integer, 0 or more",
        [GRUVID__SECONDS] = "a number, 0 or more",
    };

    return names[type];
}

static const struct gruvid__member *
find_member(const struct gruvid__command *command, const char *name)
{
    const struct gruvid__member *member = command->members;

    for (; member != NULL && member->name != NULL; member++)
        if (strcmp(member->name, name) == 0)
            return member;
    return NULL;
}

/* What has been sent is what the command takes; otherwise refused. */
static bool
check_sent(struct gruvid__request *request)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)request->members, name, value)
    {
        const struct gruvid__member *member =
            find_member(request->command, name);

        if (strcmp(name, "id") == 0 || strcmp(name, "do") == 0)
            continue;
        if (member == NULL) {
            gruvid__refuse(request, UV_EINVAL, "%s takes no \"%.64s\"",
                           request->command->name, name);
            return false;
        }
        if (!has_type(value, member->type)) {
            gruvid__refuse(request, UV_EINVAL, "\"%s\" is not %s", name,
                           type_name(member->type));
            return false;
        }
    }
    return true;
}

static bool
check_needed(struct gruvid__request *request)
{
    const struct gruvid__member *member = request->command->members;

    for (; member != NULL && member->name != NULL; member++)
        if (member->needed &&
            json_object_get(request->members, member->name) == NULL) {
            gruvid__refuse(request, UV_EINVAL, "%s needs \"%s\"",
                           request->command->name, member->name);
            return false;
        }
    return true;
}

/* --- running it ------------------------------------------------------------
 */

/* The command that is asked for; otherwise refused. */
static bool
find_command(struct gruvid__request *request)
{
    const char *name = gruvid__request_text(request, "do");

    request->command = name == NULL ? NULL : gruvid__command_find(name);
    if (name == NULL)
        gruvid__refuse(request, UV_EINVAL,
                       "\"do\" is missing, or is not a text");
    else if (request->command == NULL)
        gruvid__refuse(request, UV_EINVAL,
                       "gruvid " PACKAGE_VERSION " has no command \"%.64s\"",
                       name);
    else if (request->peer->may < request->command->who)
        gruvid__refuse(request, UV_EPERM,
                       "%s is for root and for gruvid's own user", name);
    else if (request->only_looks && !request->command->looks)
        gruvid__refuse(request, UV_EPERM, "%s is not for plugins", name);
    else
        return true;
    return false;
}

static GRUVI_SWITCHPOINT void
run_command(struct gruvid__request *request)
{
    int err;

    if (!find_command(request) || !check_sent(request) ||
        !check_needed(request))
        return;
    err = request->command->handler(request);
    if (err < 0 && !request->answered)
        gruvid__refuse(request, err, "%s", gruvi_strerror(err));
}

static bool
is_id(const json_t *id)
{
    return id == NULL || json_is_null(id) || json_is_integer(id) ||
           (json_is_string(id) && json_string_length(id) <= MAX_ID);
}

GRUVI_SWITCHPOINT void
gruvid__dispatch(struct gruvid__client *client, const char *line, size_t length)
{
    struct gruvid__request request = {
        .daemon = client->control->daemon,
        .peer = &client->peer,
        .outlet = gruvid__client_outlet(client),
    };

    gruvid__request_run(&request, line, length);
}

static void
refuse_line(struct gruvid__request *request, int code, const char *why)
{
    request->answered = true;
    request->refusal = code;
    gruvid__refuse_line(request->outlet, code, why);
}

GRUVI_SWITCHPOINT void
gruvid__request_run(struct gruvid__request *request, const char *line,
                    size_t length)
{
    char why[256] = "a line has at most 64 KiB";
    json_t *object = NULL;

    if (line != NULL)
        object = gruvid__control_parse(line, length, why, sizeof why);
    request->members = object;
    if (object == NULL)
        refuse_line(request, line == NULL ? UV_E2BIG : UV_EINVAL, why);
    else if (!is_id(json_object_get(object, "id")))
        refuse_line(request, UV_EINVAL,
                    "\"id\" is no integer, and no short text");
    else
        run_command(request);
    request->members = NULL;
    json_decref(object);
}
