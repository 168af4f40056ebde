/* SPDX-License-Identifier: MIT */
/*
 * "fibers": what all fibers are doing.
 *
 *   survey   each hub notes what it sees of its fibers      see survey.c
 *   pieces   a thread of the pool makes the answer's text
 *   answer   a piece at a time
 *
 * The objects that stacks lie in come first, then each different stack, then
 * the fibers, or groups of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gruvi/inspect.h>

#include "control/commands.h"
#include "control/groups.h"
#include "control/out.h"
#include "control/stacks.h"
#include "control/survey.h"

/* Bytes of a piece: for a hub to send it takes some 10 us. */
#define PIECE ((size_t)32 << 10)

/* The answer, while it is made. */
struct answer {
    struct gruvid__survey survey;
    bool stacks, group;
    struct gruvid__stacks all_stacks;
    struct gruvid__groups groups;
    struct gruvid__out *pieces; /* owned, n of them, in the order of making */
    size_t n, room;
    size_t stacks_from, modules_from;
};

static void
answer_free(struct answer *answer)
{
    for (size_t i = 0; i < answer->n; i++)
        gruvid__out_free(&answer->pieces[i]);
    free(answer->pieces);
    gruvid__groups_free(&answer->groups);
    gruvid__stacks_free(&answer->all_stacks);
    gruvid__survey_free(&answer->survey);
}

/* --- pieces
 * -------------------------------------------------------------------- */

/* A new piece that begins an array, or NULL. */
static struct gruvid__out *
begin_piece(struct answer *answer, const char *name)
{
    size_t room = answer->room == 0 ? 64 : 2 * answer->room;
    struct gruvid__out *piece, *more;

    if (answer->n == answer->room) {
        more = realloc(answer->pieces, room * sizeof *more);
        if (more == NULL)
            return NULL;
        answer->pieces = more;
        answer->room = room;
    }
    piece = &answer->pieces[answer->n++];
    memset(piece, 0, sizeof *piece);
    gruvid__out_member(piece, name);
    gruvid__out_raw(piece, "[");
    return piece;
}

/* The piece for another element of the array, after a comma; or NULL. */
static struct gruvid__out *
next_element(struct answer *answer, struct gruvid__out *piece, const char *name)
{
    if (piece != NULL && piece->failed)
        return NULL;
    if (piece != NULL && piece->length < PIECE) {
        gruvid__out_comma(piece);
        return piece;
    }
    if (piece != NULL)
        gruvid__out_raw(piece, "]");
    return begin_piece(answer, name);
}

/* The array has ended, perhaps without any element. */
static int
end_piece(struct gruvid__out *piece)
{
    if (piece == NULL)
        return 0;
    gruvid__out_raw(piece, "]");
    return piece->failed ? UV_ENOMEM : 0;
}

static void
write_number(struct gruvid__out *out, const char *name, uint64_t number)
{
    gruvid__out_member(out, name);
    gruvid__out_whole(out, number);
}

/* What fibers of a group have in common. */
static void
write_common(struct gruvid__out *out, const struct gruvid__seen *seen)
{
    if (seen->plugin[0] != '\0') {
        gruvid__out_member(out, "plugin");
        gruvid__out_string(out, seen->plugin);
        write_number(out, "generation", seen->generation);
    }
    gruvid__out_member(out, "state");
    gruvid__out_string(out, seen->state);
    if (seen->waits[0] != '\0') {
        gruvid__out_member(out, "waits_for");
        gruvid__out_string(out, seen->waits);
    }
}

static void
write_name(struct gruvid__out *out, const struct gruvid__seen *seen)
{
    const char *name = gruvid__seen_name(seen);

    gruvid__out_member(out, "name");
    if (name[0] != '\0') {
        gruvid__out_string(out, name);
        return;
    }
    gruvid__out_raw(out, "\"Fiber-");
    gruvid__out_whole(out, seen->id);
    gruvid__out_raw(out, "\"");
}

static void
write_fiber(struct gruvid__out *out, const struct gruvid__seen *seen,
            unsigned hub, const struct gruvid__stack *stack)
{
    gruvid__out_raw(out, "{");
    write_name(out, seen);
    write_common(out, seen);
    write_number(out, "hub", hub);
    gruvid__out_member(out, "seconds");
    gruvid__out_real(out, (double)seen->waited);
    if (seen->size > 0) {
        write_number(out, "stack_used", seen->used);
        write_number(out, "stack_size", seen->size);
    }
    if (stack != NULL)
        write_number(out, "stack", stack->number);
    gruvid__out_raw(out, "}");
}

static void
write_group(struct gruvid__out *out, const struct gruvid__alike *alike)
{
    gruvid__out_raw(out, "{");
    write_number(out, "count", alike->n);
    write_name(out, alike->seen);
    write_common(out, alike->seen);
    gruvid__out_member(out, "longest");
    gruvid__out_real(out, (double)alike->longest);
    if (alike->used > 0)
        write_number(out, "stack_used", alike->used);
    if (alike->stack != NULL)
        write_number(out, "stack", alike->stack->number);
    gruvid__out_raw(out, "}");
}

/* --- in a thread of the pool
 * ------------------------------------------------------ */

/* The stack of a fiber; NULL: none is wanted, or *err is set. */
static const struct gruvid__stack *
stack_of(struct answer *answer, const struct gruvid__seen *seen, int *err)
{
    const struct gruvid__stack *stack;

    if (!answer->stacks)
        return NULL;
    stack = gruvid__stacks_add(&answer->all_stacks, seen);
    if (stack == NULL)
        *err = UV_ENOMEM;
    return stack;
}

static int
make_fibers(struct answer *answer)
{
    struct gruvid__out *piece = NULL;
    int err = 0;

    for (unsigned i = 0; i < answer->survey.n; i++) {
        const struct gruvid__hub_survey *of = &answer->survey.hubs[i];
        struct gruvid__survey_at at = {NULL, 0};
        const struct gruvid__seen *seen;

        while ((seen = gruvid__survey_next(of, &at)) != NULL) {
            const struct gruvid__stack *stack = stack_of(answer, seen, &err);

            piece = next_element(answer, piece, "fibers");
            if (piece == NULL || err < 0)
                return UV_ENOMEM;
            write_fiber(piece, seen, of->hub, stack);
        }
    }
    return end_piece(piece);
}

static int
add_to_groups(struct answer *answer)
{
    int err = 0;

    for (unsigned i = 0; i < answer->survey.n; i++) {
        struct gruvid__survey_at at = {NULL, 0};
        const struct gruvid__seen *seen;

        while (err == 0 && (seen = gruvid__survey_next(&answer->survey.hubs[i],
                                                       &at)) != NULL) {
            const struct gruvid__stack *stack = stack_of(answer, seen, &err);

            if (err == 0 && !gruvid__groups_add(&answer->groups, seen, stack))
                err = UV_ENOMEM;
        }
    }
    return err;
}

static int
make_groups(struct answer *answer)
{
    struct gruvid__alike **all;
    struct gruvid__out *piece = NULL;
    int err = add_to_groups(answer);

    if (err < 0 || answer->groups.set.n == 0)
        return err;
    all = gruvid__groups_sorted(&answer->groups);
    if (all == NULL)
        return UV_ENOMEM;
    for (size_t i = 0; err == 0 && i < answer->groups.set.n; i++) {
        piece = next_element(answer, piece, "groups");
        if (piece == NULL)
            err = UV_ENOMEM;
        else
            write_group(piece, all[i]);
    }
    free(all);
    return err < 0 ? err : end_piece(piece);
}

static int
make_stacks(struct answer *answer)
{
    const struct gruvid__stack *stack = answer->all_stacks.first;
    struct gruvid__out *piece = NULL;

    for (; stack != NULL; stack = stack->next) {
        piece = next_element(answer, piece, "stacks");
        if (piece == NULL ||
            !gruvid__stack_write(&answer->all_stacks, stack, piece))
            return UV_ENOMEM;
    }
    return end_piece(piece);
}

static int
make_modules(struct answer *answer)
{
    struct gruvid__out *piece;

    if (answer->all_stacks.modules == NULL)
        return 0;
    piece = begin_piece(answer, "modules");
    if (piece == NULL)
        return UV_ENOMEM;
    gruvid__stacks_modules(&answer->all_stacks, piece);
    return end_piece(piece);
}

static int
make_pieces(void *arg, void **result)
{
    struct answer *answer = arg;
    int err;

    (void)result;
    if (answer->stacks && (err = gruvi__modules_update()) < 0)
        return err;
    err = answer->group ? make_groups(answer) : make_fibers(answer);
    answer->stacks_from = answer->n;
    if (err == 0)
        err = make_stacks(answer);
    answer->modules_from = answer->n;
    if (err == 0)
        err = make_modules(answer);
    gruvid__survey_forget(&answer->survey); /* in the hub it would take 2 ms */
    return err;
}

/* --- in the client's fiber
 * ---------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
send_some(struct gruvid__request *request, const struct answer *answer,
          size_t from, size_t to)
{
    int err = 0;

    for (size_t i = from; err == 0 && i < to; i++)
        err = gruvid__answer_piece_text(request, answer->pieces[i].text,
                                        answer->pieces[i].length);
    return err;
}

/* What a piece refers to comes before it. */
static GRUVI_SWITCHPOINT int
send_pieces(struct gruvid__request *request, const struct answer *answer)
{
    int err = send_some(request, answer, answer->modules_from, answer->n);

    if (err == 0)
        err = send_some(request, answer, answer->stacks_from,
                        answer->modules_from);
    return err < 0 ? err : send_some(request, answer, 0, answer->stacks_from);
}

static json_t *
describe_hub(const struct gruvid__hub_survey *of)
{
    if (of->err == 0)
        return json_pack("{s:i, s:I, s:I, s:f}", "hub", (int)of->hub, "fibers",
                         (json_int_t)of->visited, "listed", (json_int_t)of->n,
                         "seconds", of->seconds);
    return json_pack("{s:i, s:s, s:s}", "hub", (int)of->hub, "code",
                     gruvi_err_name(of->err), "error",
                     of->err == UV_ETIMEDOUT ? "it does not answer"
                     : of->err == UV_EBUSY
                         ? "it has not come to the end of an earlier survey"
                         : gruvi_strerror(of->err));
}

static int
send_end(struct gruvid__request *request, const struct answer *answer)
{
    json_t *hubs = json_array();

    for (unsigned i = 0; i < answer->survey.n; i++)
        json_array_append_new(hubs, describe_hub(&answer->survey.hubs[i]));
    return gruvid__answer(
        request,
        json_pack("{s:I, s:o}", "pid", (json_int_t)getpid(), "hubs", hubs));
}

static GRUVI_SWITCHPOINT int
answer_fibers(struct gruvid__request *request)
{
    const char *plugin = gruvid__request_text(request, "plugin");
    struct answer answer;
    int err;

    memset(&answer, 0, sizeof answer);
    answer.stacks = gruvid__request_flag(request, "stacks");
    answer.group = gruvid__request_flag(request, "group");
    if (answer.stacks && !gruvid__request_may_act(request))
        return gruvid__refuse(request, UV_EPERM,
                              "stacks are for root and for gruvid's own user");
    if (plugin != NULL &&
        !gruvid__instances_had(&request->daemon->instances, plugin))
        return gruvid__refuse(request, UV_ENOENT,
                              "there is no plugin \"%.64s\"", plugin);
    gruvid__stacks_init(&answer.all_stacks);
    gruvid__groups_init(&answer.groups);
    err = gruvid__survey_take(&answer.survey, &request->daemon->hubs, plugin,
                              answer.stacks);
    if (err == 0)
        err = gruvi_compute(make_pieces, &answer, NULL);
    if (err == 0)
        err = send_pieces(request, &answer);
    if (err == 0)
        err = send_end(request, &answer);
    answer_free(&answer);
    return err;
}

static const struct gruvid__member members[] = {
    {"plugin", GRUVID__TEXT, false},
    {"stacks", GRUVID__FLAG, false},
    {"group", GRUVID__FLAG, false},
    {NULL, GRUVID__TEXT, false},
};

const struct gruvid__command gruvid__command_fibers = {
    .name = "fibers",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .members = members,
    .handler = answer_fibers,
};
