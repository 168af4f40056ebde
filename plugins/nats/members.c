/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* Bytes of a greeting. */
#define MOST 512

/* --- greetings ------------------------------------------------------------ */

static bool
is_name(const char *text, size_t size, size_t room)
{
    for (size_t i = 0; i < size; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') ||
              (text[i] >= 'A' && text[i] <= 'Z') ||
              (text[i] >= '0' && text[i] <= '9') || text[i] == '-' ||
              text[i] == '_'))
            return false;
    return size > 0 && size < room;
}

bool
nats_is_node_name(const char *text, size_t size)
{
    return is_name(text, size, NATS_NODE_NAME);
}

size_t
nats_greeting_write(char *text, size_t room,
                    const struct nats_greeting *greeting)
{
    return (size_t)snprintf(
        text, room,
        "{\"node\":\"%s\",\"id\":\"%s\",\"generation\":%llu,\"state\":\"%s\"}",
        greeting->node, greeting->id, (unsigned long long)greeting->generation,
        greeting->is_gone ? "gone" : "here");
}

static bool
copy_name(char *to, size_t room, const json_t *from)
{
    const char *text = json_string_value(from);
    size_t size = json_string_length(from);

    if (text == NULL || !is_name(text, size, room))
        return false;
    memcpy(to, text, size + 1);
    return true;
}

bool
nats_greeting_read(struct nats_greeting *greeting, const char *text,
                   size_t size)
{
    json_t *all =
        size <= MOST ? nats_json_load(text, size, NATS_JSON_FLAT, NULL) : NULL;
    const json_t *generation = json_object_get(all, "generation");
    const char *state = json_string_value(json_object_get(all, "state"));
    bool is_one = state != NULL && json_integer_value(generation) > 0 &&
                  copy_name(greeting->node, sizeof greeting->node,
                            json_object_get(all, "node")) &&
                  copy_name(greeting->id, sizeof greeting->id,
                            json_object_get(all, "id")) &&
                  (strcmp(state, "here") == 0 || strcmp(state, "gone") == 0);

    if (is_one) {
        greeting->generation = (uint64_t)json_integer_value(generation);
        greeting->is_gone = strcmp(state, "gone") == 0;
    }
    json_decref(all);
    return is_one;
}

/* --- the list ------------------------------------------------------------- */

/* Where a name stands, or would stand. */
static size_t
place_of(const struct nats_members *members, const char *name)
{
    size_t low = 0, high = members->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(members->at[middle].self.node, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct nats_member *
nats_members_find(const struct nats_members *members, const char *name)
{
    size_t i = place_of(members, name);

    return i < members->n && strcmp(members->at[i].self.node, name) == 0
               ? &members->at[i]
               : NULL;
}

static void
insert(struct nats_members *members, const struct nats_greeting *greeting)
{
    size_t i = place_of(members, greeting->node);

    if (members->n == NATS_MEMBERS)
        return;
    if (members->n == members->room) {
        size_t room = members->room == 0 ? 16 : 2 * members->room;
        struct nats_member *at = realloc(members->at, room * sizeof *at);

        if (at == NULL)
            return;
        members->at = at;
        members->room = room;
    }
    memmove(&members->at[i + 1], &members->at[i],
            (members->n - i) * sizeof *members->at);
    members->at[i] = (struct nats_member){.self = *greeting};
    members->n++;
}

static void
take_out(struct nats_members *members, size_t i)
{
    members->n--;
    memmove(&members->at[i], &members->at[i + 1],
            (members->n - i) * sizeof *members->at);
}

void
nats_members_hear(struct nats_members *members,
                  const struct nats_greeting *greeting)
{
    struct nats_member *member = nats_members_find(members, greeting->node);
    bool is_late;

    if (member == NULL) {
        if (!greeting->is_gone)
            insert(members, greeting);
        return;
    }
    is_late = strcmp(member->self.id, greeting->id) == 0
                  ? greeting->generation < member->self.generation
                  : greeting->is_gone;
    if (is_late)
        return;
    if (greeting->is_gone)
        take_out(members, (size_t)(member - members->at));
    else
        *member = (struct nats_member){.self = *greeting};
}

void
nats_members_answered(struct nats_members *members, const char *name)
{
    struct nats_member *member = nats_members_find(members, name);

    if (member != NULL)
        member->silent_since = 0;
}

void
nats_members_silent(struct nats_member *member, double now)
{
    if (member->silent_since == 0)
        member->silent_since = now;
}

void
nats_members_clean(struct nats_members *members, double now)
{
    for (size_t i = members->n; i-- > 0;)
        if (members->at[i].silent_since > 0 &&
            now - members->at[i].silent_since > NATS_SILENT)
            take_out(members, i);
}

void
nats_members_free(struct nats_members *members)
{
    free(members->at);
    *members = (struct nats_members){.n = 0};
}
