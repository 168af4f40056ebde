/* SPDX-License-Identifier: MIT */
/* Stacks as they are sent: see stacks.h. */
#include "control/stacks.h"

#include <stdlib.h>
#include <string.h>

#include <gruvi/inspect.h>

/* Objects with code on some stack; few. */
struct gruvid__listed {
    struct gruvid__listed *next; /* of a smaller number */
    const gruvi__module_t *module;
    size_t number;
};

/* To find a function takes long, and stacks have many addresses in common. */
struct gruvid__address {
    struct gruvid__address *next;
    uintptr_t at;
    const struct gruvid__listed *listed; /* NULL: in no object */
    const char *function;                /* or NULL */
    size_t offset;                       /* from its beginning */
};

/* --- different ones
 * ------------------------------------------------------------ */

static uint64_t
hash_stack(const void *item)
{
    const struct gruvid__seen *seen =
        ((const struct gruvid__stack *)item)->seen;

    return gruvid__hash((uintptr_t)seen->note, seen->frames,
                        seen->n_frames * sizeof *seen->frames);
}

static bool
same_stack(const void *a, const void *b)
{
    const struct gruvid__seen *one = ((const struct gruvid__stack *)a)->seen;
    const struct gruvid__seen *two = ((const struct gruvid__stack *)b)->seen;

    return one->n_frames == two->n_frames && one->note == two->note &&
           memcmp(one->frames, two->frames,
                  one->n_frames * sizeof *one->frames) == 0;
}

static uint64_t
hash_address(const void *item)
{
    const struct gruvid__address *address = item;

    return gruvid__hash(0, &address->at, sizeof address->at);
}

static bool
same_address(const void *a, const void *b)
{
    return ((const struct gruvid__address *)a)->at ==
           ((const struct gruvid__address *)b)->at;
}

void
gruvid__stacks_init(struct gruvid__stacks *stacks)
{
    memset(stacks, 0, sizeof *stacks);
    stacks->set.hash = hash_stack;
    stacks->set.same = same_stack;
    stacks->addresses.hash = hash_address;
    stacks->addresses.same = same_address;
    stacks->end = &stacks->first;
}

void
gruvid__stacks_free(struct gruvid__stacks *stacks)
{
    struct gruvid__address *address;
    struct gruvid__listed *module;
    struct gruvid__stack *stack;

    while ((stack = stacks->first) != NULL) {
        stacks->first = stack->next;
        free(stack);
    }
    while ((module = stacks->modules) != NULL) {
        stacks->modules = module->next;
        free(module);
    }
    while ((address = stacks->looked_up) != NULL) {
        stacks->looked_up = address->next;
        free(address);
    }
    gruvid__set_free(&stacks->addresses);
    gruvid__set_free(&stacks->set);
}

struct gruvid__stack *
gruvid__stacks_add(struct gruvid__stacks *stacks,
                   const struct gruvid__seen *seen)
{
    struct gruvid__stack key = {.seen = seen}, *stack;
    void **slot = gruvid__set_slot(&stacks->set, &key);

    if (slot == NULL || *slot != NULL)
        return slot == NULL ? NULL : *slot;
    stack = malloc(sizeof *stack);
    if (stack == NULL)
        return NULL;
    *stack = key;
    stack->number = stacks->set.n++;
    *stacks->end = stack;
    stacks->end = &stack->next;
    *slot = stack;
    return stack;
}

/* --- as JSON
 * -------------------------------------------------------------------- */

static const struct gruvid__listed *
find_module(struct gruvid__stacks *stacks, const gruvi__module_t *module)
{
    struct gruvid__listed *at = stacks->modules;

    while (at != NULL && at->module != module)
        at = at->next;
    if (at != NULL)
        return at;
    at = malloc(sizeof *at);
    if (at == NULL)
        return NULL;
    at->module = module;
    at->number = stacks->modules == NULL ? 0 : stacks->modules->number + 1;
    at->next = stacks->modules;
    stacks->modules = at;
    return at;
}

/* What is known of an address; NULL: no memory. */
static const struct gruvid__address *
look_up(struct gruvid__stacks *stacks, uintptr_t at)
{
    const gruvi__module_t *module = gruvi__module_at(at);
    struct gruvid__address key = {.at = at}, *address;
    void **slot = gruvid__set_slot(&stacks->addresses, &key);

    if (slot == NULL || *slot != NULL)
        return slot == NULL ? NULL : *slot;
    if (module != NULL) {
        key.listed = find_module(stacks, module);
        key.function = gruvi__function_at(at, &key.offset);
        if (key.listed == NULL)
            return NULL;
    }
    address = malloc(sizeof *address);
    if (address == NULL)
        return NULL;
    *address = key;
    address->next = stacks->looked_up;
    stacks->looked_up = address;
    stacks->addresses.n++;
    *slot = address;
    return address;
}

static bool
write_frame(struct gruvid__stacks *stacks, uintptr_t at,
            struct gruvid__out *out)
{
    const struct gruvid__address *address = look_up(stacks, at);

    if (address == NULL)
        return false;
    if (address->listed == NULL) {
        gruvid__out_member(out, "address");
        gruvid__out_whole(out, at);
        return true;
    }
    gruvid__out_member(out, "module");
    gruvid__out_whole(out, address->listed->number);
    gruvid__out_member(out, "offset");
    gruvid__out_whole(out, at - address->listed->module->bias);
    if (address->function != NULL) {
        gruvid__out_member(out, "function");
        gruvid__out_string(out, address->function);
        gruvid__out_member(out, "at");
        gruvid__out_whole(out, address->offset);
    }
    return true;
}

bool
gruvid__stack_write(struct gruvid__stacks *stacks,
                    const struct gruvid__stack *stack, struct gruvid__out *out)
{
    const struct gruvid__seen *seen = stack->seen;

    gruvid__out_raw(out, "{");
    gruvid__out_member(out, "stack");
    gruvid__out_whole(out, stack->number);
    gruvid__out_member(out, "frames");
    gruvid__out_raw(out, "[");
    for (unsigned i = 0; i < seen->n_frames; i++) {
        gruvid__out_comma(out);
        gruvid__out_raw(out, "{");
        if (!write_frame(stacks, seen->frames[i], out))
            return false;
        gruvid__out_raw(out, "}");
    }
    gruvid__out_raw(out, "]");
    if (seen->note[0] != '\0') {
        gruvid__out_member(out, "note");
        gruvid__out_string(out, seen->note);
    }
    gruvid__out_raw(out, "}");
    return !out->failed;
}

void
gruvid__stacks_modules(const struct gruvid__stacks *stacks,
                       struct gruvid__out *out)
{
    const struct gruvid__listed *at;
    char build_id[GRUVI__BUILD_ID_TEXT];

    for (at = stacks->modules; at != NULL; at = at->next) {
        gruvid__out_comma(out);
        gruvid__out_raw(out, "{");
        gruvid__out_member(out, "module");
        gruvid__out_whole(out, at->number);
        gruvid__out_member(out, "name");
        gruvid__out_string(out, gruvi__module_name(at->module));
        gruvid__out_member(out, "path");
        gruvid__out_string(out, at->module->path);
        gruvi__build_id_text(at->module, build_id);
        gruvid__out_member(out, "build_id");
        gruvid__out_string(out, build_id);
        gruvid__out_raw(out, "}");
    }
}
