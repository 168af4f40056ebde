/* SPDX-License-Identifier: MIT */
/* Lists of an answer as tables. */
#ifndef GRUVICTL_TABLE_H
#define GRUVICTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

enum cell {
    ANY,    /* as it is; lists with commas */
    NUMBER, /* the same, at the right */
    BYTES,  /* 4.2M */
    PERIOD, /* of seconds: 3h 2m, 1.2ms */
    STATE   /* a word with a colour: good, on its way, or bad */
};

struct column {
    const char *title; /* NULL ends the array */
    const char *name;  /* of the member */
    enum cell cell;

    /* Columns that a text may be cut to where the terminal is too narrow; 0: it
     * is not cut. */
    unsigned least;

    /* Where that is not enough: the column with the highest is left out first.
     * 0: never. */
    unsigned spare;
};

/*
 * Print a list.  Where items are of nodes, each has its node first.
 *
 *   rows  an array of objects; anything else is an empty list
 */
void print_table(FILE *out, const struct column *columns, const json_t *rows);

/* The text of a value, not yet safe: memory that the caller owns. */
char *cell_text(enum cell cell, const json_t *value);

/* The width of the terminal; SIZE_MAX: it is none. */
size_t terminal_width(FILE *out);

/* Whether colours are of use. */
bool has_colour(FILE *out);

#endif
