/* SPDX-License-Identifier: MIT */
/*
 * A child names functions by the table of dynamic symbols, as it can do at any
 * time.  The functions of a plugin are static: their names are in its debug
 * information, which the host reads when it prints a report.
 */
#include "gruvid-test/names.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gruvictl/debug.h"
#include "gruvid-test/host.h"

static struct debug *
open_plugin(void)
{
    char path[4200];
    struct debug_why why;

    snprintf(path, sizeof path, "%s/%s.so", plan->dir, plan->name);
    return debug_open(path, shared->build_id, 0, &why);
}

/* Whether "(NAME.so+0x12)" was printed as a name, with what is around it. */
static bool
print_name(FILE *out, struct debug *debug, uint64_t offset)
{
    struct debug_frame frames[4];
    unsigned n = debug_find(debug, offset, frames, 4);

    for (unsigned i = 0; i < n; i++) {
        const char *file = frames[i].file, *slash;

        if (frames[i].function == NULL)
            return i > 0;
        slash = file == NULL ? NULL : strrchr(file, '/');
        fprintf(out, "%s%s", i > 0 ? " < " : "", frames[i].function);
        if (file != NULL)
            fprintf(out, " (%s:%d)", slash == NULL ? file : slash + 1,
                    frames[i].line);
    }
    return n > 0;
}

void
names_print(FILE *out, const char *text)
{
    struct debug *debug = open_plugin();
    char mark[100];
    const char *at;

    snprintf(mark, sizeof mark, "%s.so+0x", plan->name);
    while (debug != NULL && (at = strstr(text, mark)) != NULL) {
        char *end;
        uint64_t offset = strtoull(at + strlen(mark), &end, 16);

        fwrite(text, 1, (size_t)(at - text), out);
        if (!print_name(out, debug, offset))
            fwrite(at, 1, (size_t)(end - at), out);
        text = end;
    }
    fputs(text, out);
    if (debug != NULL)
        debug_close(debug);
}
