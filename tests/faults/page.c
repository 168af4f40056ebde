/* SPDX-License-Identifier: MIT */
#include "faults/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row is a line: ".It Fn CALL Ta EFFECTS Ta EFFECTS Ta Er ERRORS"; in the
 * table of gruvictl it has one column less. */
static struct row {
    char call[40];
    char effects[2][60]; /* of gruvid, of libgruvi; or the first of gruvictl */
    bool of_gruvictl;
    char errors[120]; /* " EMFILE ENFILE " */
    bool asked;
} rows[200];
static size_t n_rows;

static bool
read_row(const char *line, struct row *row)
{
    row->errors[0] = ' ';
    row->of_gruvictl = false;
    if (sscanf(line, ".It Fn %39s Ta %59[a-z -]Ta %59[a-z -]Ta Er %110[^\n]",
               row->call, row->effects[0], row->effects[1],
               row->errors + 1) == 4)
        return true;
    row->of_gruvictl = true;
    return sscanf(line, ".It Fn %39s Ta %59[a-z -]Ta Er %110[^\n]", row->call,
                  row->effects[0], row->errors + 1) == 3;
}

static bool
is_of(const struct row *row, enum fault_column column)
{
    return row->of_gruvictl == (column == FAULT_OF_GRUVICTL);
}

bool
page_read(void)
{
    const char *top = getenv("top_srcdir");
    char path[4200], line[400];
    FILE *file;

    snprintf(path, sizeof path, "%s/man/gruvi-faults.7",
             top == NULL ? "." : top);
    file = fopen(path, "re");
    while (file != NULL && n_rows < sizeof rows / sizeof *rows &&
           fgets(line, sizeof line, file) != NULL) {
        struct row *row = &rows[n_rows];

        if (!read_row(line, row))
            continue;
        strcat(row->errors, " ");
        n_rows++;
    }
    if (file != NULL)
        fclose(file);
    return n_rows > 0;
}

static int
effects_of(const char *text)
{
    static const struct {
        const char *word;
        int effect;
    } words[] = {{"start", FAULT_START},     {"client", FAULT_CLIENT},
                 {"command", FAULT_COMMAND}, {"reload", FAULT_RELOAD},
                 {"error", FAULT_RESULT},    {"none", FAULT_NOTHING},
                 {"note", FAULT_NOTE}};
    int effects = 0;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(text, words[i].word) != NULL)
            effects |= words[i].effect;
    return effects;
}

int
page_effects(const char *call, const char *error, enum fault_column column)
{
    struct row *found = NULL;
    char word[40];

    snprintf(word, sizeof word, " %s ", error);
    for (size_t i = 0; i < n_rows; i++) {
        if (!is_of(&rows[i], column) || strcmp(rows[i].call, call) != 0 ||
            strstr(rows[i].errors, word) == NULL)
            continue;
        if (found != NULL)
            return -1;
        found = &rows[i];
    }
    if (found == NULL)
        return -1;
    found->asked = true;
    return effects_of(found->effects[column == FAULT_OF_LIBGRUVI]);
}

unsigned
page_left(enum fault_column column)
{
    unsigned n = 0;

    for (size_t i = 0; i < n_rows; i++)
        if (is_of(&rows[i], column) && !rows[i].asked) {
            printf("gruvi-faults(7): nobody makes %s fail with%s\n",
                   rows[i].call, rows[i].errors);
            n++;
        }
    return n;
}
