/* SPDX-License-Identifier: MIT */
/*
 * Names of frames, the best that are known:
 *
 *   f at src/f.c:12 (echo.so)        by debug information
 *   f (echo.so)                      by the table of symbols
 *   f+0x1c (echo.so)                 as gruvid knows it, of dynamic symbols
 *   echo.so+0x11f3                   else; a note says why
 *
 * How libgruvi parks and starts a fiber is the same everywhere, and of use to
 * nobody that asks where a fiber waits: of its frames at the end of a stack
 * none is shown, and of those at the beginning only the call that waits.
 */
#include "gruvictl/names.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gruvictl/debug.h"
#include "gruvictl/text.h"

#define MOST_INLINED 16

struct object {
    const json_t *module; /* as it was sent */
    const char *name, *build_id;
    struct debug *debug;
    struct debug_why why; /* there is no debug information */
    bool missed;          /* a frame has no name */
    bool looked;          /* debug was looked for */
};

struct names {
    struct object *objects; /* by their numbers */
    size_t n;
    pid_t pid;
};

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

struct names *
names_new(const json_t *modules, pid_t pid)
{
    struct names *names = need(calloc(1, sizeof *names));

    names->n = json_array_size(modules);
    names->pid = pid;
    names->objects = need(calloc(names->n + 1, sizeof *names->objects));
    for (size_t i = 0; i < names->n; i++) {
        const json_t *module = json_array_get(modules, i);
        json_int_t number =
            json_integer_value(json_object_get(module, "module"));
        struct object *object;

        if (number < 0 || (size_t)number >= names->n)
            continue;
        object = &names->objects[number];
        object->module = module;
        object->name = text_of(module, "name");
        object->build_id = text_of(module, "build_id");
    }
    return names;
}

void
names_free(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        debug_close(names->objects[i].debug);
    free(names->objects);
    free(names);
}

/* The object of a frame, or NULL; its debug information has been looked for. */
static struct object *
object_of(struct names *names, const json_t *frame)
{
    const json_t *number = json_object_get(frame, "module");
    size_t i = (size_t)json_integer_value(number);
    struct object *object;

    if (!json_is_integer(number) || i >= names->n ||
        names->objects[i].module == NULL)
        return NULL;
    object = &names->objects[i];
    if (!object->looked)
        object->debug = debug_open(text_of(object->module, "path"),
                                   object->build_id, names->pid, &object->why);
    object->looked = true;
    return object;
}

static void
print_line(FILE *out, const struct debug_frame *frame, const char *object)
{
    fputs("    ", out);
    print_safe(out, frame->function == NULL ? "?" : frame->function);
    if (frame->file != NULL) {
        fputs(" at ", out);
        print_safe(out, frame->file);
        fprintf(out, ":%d", frame->line);
    }
    fputs(" (", out);
    print_safe(out, object);
    fputs(")\n", out);
}

/* What gruvid has said itself. */
static void
print_plain(FILE *out, struct object *object, const json_t *frame,
            uint64_t offset)
{
    const char *function = text_of(frame, "function");

    object->missed = true;
    fputs("    ", out);
    if (function[0] != '\0') {
        print_safe(out, function);
        fprintf(out, "+0x%" PRIx64 " (",
                (uint64_t)json_integer_value(json_object_get(frame, "at")));
    }
    print_safe(out, object->name);
    fprintf(out, "+0x%" PRIx64 "%s\n", offset, function[0] == '\0' ? "" : ")");
}

/* outermost: of calls that were inlined into one another the last alone */
static void
print_frame(struct names *names, FILE *out, const json_t *frame, bool outermost)
{
    struct object *object = object_of(names, frame);
    uint64_t offset =
        (uint64_t)json_integer_value(json_object_get(frame, "offset"));
    struct debug_frame frames[MOST_INLINED];
    unsigned n = 0;

    if (object == NULL) {
        fprintf(
            out, "    0x%" PRIx64 "\n",
            (uint64_t)json_integer_value(json_object_get(frame, "address")));
        return;
    }
    if (object->debug != NULL)
        n = debug_find(object->debug, offset, frames, MOST_INLINED);
    for (unsigned i = outermost && n > 0 ? n - 1 : 0; i < n; i++)
        print_line(out, &frames[i], object->name);
    if (n == 0)
        print_plain(out, object, frame, offset);
}

static bool
is_of_libgruvi(struct names *names, const json_t *frames, size_t i)
{
    const struct object *object = object_of(names, json_array_get(frames, i));

    return object != NULL && strncmp(object->name, "libgruvi.so", 11) == 0;
}

/* The frames to show; all where there are no others.  Whether the first is the
 * call that waits. */
static bool
cut(struct names *names, const json_t *frames, size_t *from, size_t *to)
{
    size_t n = json_array_size(frames);
    bool waits;

    *from = 0;
    *to = n;
    while (*from < n && is_of_libgruvi(names, frames, *from))
        ++*from;
    if (*from == n) {
        *from = 0;
        return false;
    }
    waits = *from > 0;
    if (waits)
        --*from;
    while (*to > *from + 1 && is_of_libgruvi(names, frames, *to - 1))
        --*to;
    return waits;
}

void
names_print(struct names *names, FILE *out, const json_t *stack)
{
    const json_t *frames = json_object_get(stack, "frames");
    const char *note = text_of(stack, "note");
    size_t from, to;
    bool waits = cut(names, frames, &from, &to);

    for (size_t i = from; i < to; i++)
        print_frame(names, out, json_array_get(frames, i), i == from && waits);
    if (note[0] != '\0') {
        fputs("    (", out);
        print_safe(out, note);
        fputs(")\n", out);
    }
}

void
names_print_notes(const struct names *names, FILE *out)
{
    for (size_t i = 0; i < names->n; i++) {
        const struct object *object = &names->objects[i];

        if (!object->missed)
            continue;
        fputs("note: ", out);
        print_safe(out, object->name);
        fputs(" of build ", out);
        print_safe(out, object->build_id[0] == '\0' ? "?" : object->build_id);
        fprintf(out, ": %s%s%s\n",
                object->debug != NULL ? "not all of it has debug information"
                                      : object->why.text,
                object->why.error != 0 ? ": " : "",
                object->why.error != 0 ? strerror(object->why.error) : "");
    }
}
