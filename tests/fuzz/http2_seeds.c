/* SPDX-License-Identifier: MIT */
/* Writes the scripts of tests/http/frames as files into a folder, for the
 * fuzzer to begin with: what each sends, one behind the other. */
#include <stdio.h>

#include "http/h2_script.h"

static void
write_script(const struct h2_script *script, FILE *file)
{
    struct bytes settings = {NULL, 0};

    h2_add_frame(&settings, H2_SETTINGS, 0, 0, NULL, 0);
    fwrite(settings.data, 1, settings.size, file);
    for (const struct h2_line *line = script->first; line != NULL;
         line = line->next)
        if (line->bytes.size > 0)
            fwrite(line->bytes.data, 1, line->bytes.size, file);
    putc(0, file);
}

int
main(int argc, char *argv[])
{
    struct h2_script *first = h2_scripts_read();
    char path[4096];
    unsigned n = 0;

    for (struct h2_script *s = first; s != NULL && argc > 1; s = s->next) {
        FILE *file;
        snprintf(path, sizeof path, "%s/%u", argv[1], n++);
        file = fopen(path, "w");
        if (file == NULL)
            return 1;
        write_script(s, file);
        fclose(file);
    }
    h2_scripts_free(first);
    return 0;
}
