/* SPDX-License-Identifier: MIT */
/*
 * Tables: see table.h.
 *
 * Each column is as wide as its widest text.  If a terminal is too narrow, the
 * widest column that may be cut loses a place, again and again; then whole
 * columns are left out, and what is left is cut further.  Where the output is
 * no terminal nothing is cut.
 */
#include "gruvictl/table.h"

#include <stdlib.h>
#include <string.h>

#include "gruvictl/text.h"

#define GAP        2 /* columns between two */
#define HARD_LEAST 4

struct laid_out {
    struct column *columns; /* owned */
    size_t n, n_rows;
    char **texts;   /* n for each row, the titles first */
    size_t *widths; /* of each text */
    size_t *places; /* of each column; 0: left out */
};

static bool
is_right(const struct column *column)
{
    return column->cell == NUMBER || column->cell == BYTES ||
           column->cell == PERIOD;
}

static void
lay_out_row(struct laid_out *table, size_t row, const json_t *object)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct column *column = &table->columns[i];
        size_t at = row * table->n + i;
        char *text = object == NULL
                         ? need(strdup(column->title))
                         : cell_text(column->cell,
                                     json_object_get(object, column->name));

        table->texts[at] = safe_text(text, &table->widths[at]);
        free(text);
        if (table->widths[at] > table->places[i])
            table->places[i] = table->widths[at];
    }
}

/* The columns, behind that of the node where there are nodes. */
static void
choose_columns(struct laid_out *table, const struct column *columns,
               const json_t *rows)
{
    static const struct column node = {"NODE", "node", ANY, 8, 0};
    bool has_nodes = json_object_get(json_array_get(rows, 0), "node") != NULL;
    size_t n = 0;

    while (columns[n].title != NULL)
        n++;
    table->n = n + has_nodes;
    table->columns = need(calloc(table->n, sizeof *columns));
    if (has_nodes)
        table->columns[0] = node;
    memcpy(table->columns + has_nodes, columns, n * sizeof *columns);
}

static void
lay_out(struct laid_out *table, const struct column *columns,
        const json_t *rows)
{
    *table = (struct laid_out){.n_rows = json_array_size(rows) + 1};
    choose_columns(table, columns, rows);
    table->texts = need(calloc(table->n * table->n_rows, sizeof(char *)));
    table->widths = need(calloc(table->n * table->n_rows, sizeof(size_t)));
    table->places = need(calloc(table->n, sizeof(size_t)));
    lay_out_row(table, 0, NULL);
    for (size_t row = 1; row < table->n_rows; row++)
        lay_out_row(table, row, json_array_get(rows, row - 1));
}

static void
free_table(struct laid_out *table)
{
    for (size_t i = 0; i < table->n * table->n_rows; i++)
        free(table->texts[i]);
    free(table->columns);
    free(table->texts);
    free(table->widths);
    free(table->places);
}

static size_t
total(const struct laid_out *table)
{
    size_t sum = 0, shown = 0;

    for (size_t i = 0; i < table->n; i++) {
        sum += table->places[i];
        shown += table->places[i] > 0;
    }
    return sum + (shown > 0 ? GAP * (shown - 1) : 0);
}

/* How far a column may be cut; where nothing else helps, to next to nothing. */
static size_t
least(const struct column *column, bool hard)
{
    return hard && column->least > HARD_LEAST ? HARD_LEAST : column->least;
}

/* Take a place from the widest column that may be cut.  False: there is none.
 */
static bool
cut(struct laid_out *table, bool hard)
{
    size_t widest = table->n;

    for (size_t i = 0; i < table->n; i++)
        if (table->columns[i].least > 0 &&
            table->places[i] > least(&table->columns[i], hard) &&
            (widest == table->n || table->places[i] > table->places[widest]))
            widest = i;
    if (widest < table->n)
        table->places[widest]--;
    return widest < table->n;
}

static bool
leave_out(struct laid_out *table)
{
    size_t most = table->n;

    for (size_t i = 0; i < table->n; i++)
        if (table->columns[i].spare > 0 && table->places[i] > 0 &&
            (most == table->n ||
             table->columns[i].spare > table->columns[most].spare))
            most = i;
    if (most < table->n)
        table->places[most] = 0;
    return most < table->n;
}

/* Back to the width of the texts, for another try with fewer columns. */
static void
widen(struct laid_out *table)
{
    for (size_t i = 0; i < table->n; i++)
        for (size_t row = 0; table->places[i] > 0 && row < table->n_rows; row++)
            if (table->widths[row * table->n + i] > table->places[i])
                table->places[i] = table->widths[row * table->n + i];
}

static void
fit(struct laid_out *table, size_t width)
{
    while (total(table) > width)
        if (!cut(table, false)) {
            if (!leave_out(table))
                break;
            widen(table);
        }
    while (total(table) > width && cut(table, true))
        continue;
}

static const char *
colour_of(const char *state)
{
    static const char *const colours[][2] = {
        {"serving", "32"},  {"yes", "32"},          {"draining", "33"},
        {"starting", "33"}, {"stopping", "33"},     {"abandoned", "31"},
        {"no", "31"},       {"inconsistent", "31"},
    };

    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strcmp(colours[i][0], state) == 0)
            return colours[i][1];
    return "0";
}

static void
print_cell(FILE *out, const struct laid_out *table, size_t row, size_t i,
           bool right, bool last, bool colour)
{
    size_t at = row * table->n + i, places = table->places[i];
    size_t blanks = table->widths[at] < places ? places - table->widths[at] : 0;
    bool coloured = colour && (row == 0 || table->columns[i].cell == STATE);

    if (right)
        fprintf(out, "%*s", (int)blanks, "");
    if (coloured)
        fprintf(out, "\033[%sm", row == 0 ? "1" : colour_of(table->texts[at]));
    print_cut(out, table->texts[at], table->widths[at], places);
    if (coloured)
        fputs("\033[0m", out);
    if (!right && !last)
        fprintf(out, "%*s", (int)blanks, "");
    if (!last)
        fprintf(out, "%*s", GAP, "");
}

void
print_table(FILE *out, const struct column *columns, const json_t *rows)
{
    bool colour = has_colour(out);
    struct laid_out table;
    size_t last = 0;

    lay_out(&table, columns, rows);
    fit(&table, terminal_width(out));
    for (size_t i = 0; i < table.n; i++)
        if (table.places[i] > 0)
            last = i;
    for (size_t row = 0; row < table.n_rows; row++) {
        for (size_t i = 0; i <= last; i++)
            if (table.places[i] > 0)
                print_cell(out, &table, row, i, is_right(&table.columns[i]),
                           i == last, colour);
        fputc('\n', out);
    }
    free_table(&table);
}
