/* SPDX-License-Identifier: MIT */
/*
 * Inputs of a fuzzer as text, one a line, with the escapes of
 * tests/http/escape.h; lines that begin with '#' are comments.
 *
 *   corpus unpack FILE FOLDER   each as a file of its own
 *   corpus pack FOLDER FILE     and back, in the order of their bytes
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/escape.h"

static void
fail(const char *path)
{
    fprintf(stderr, "corpus: %s: %s\n", path, strerror(errno));
    exit(1);
}

static FILE *
open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);

    if (file == NULL)
        fail(path);
    return file;
}

static void
close_file(FILE *file, const char *path)
{
    if (ferror(file) != 0 || fclose(file) != 0)
        fail(path);
}

/* --- unpack --------------------------------------------------------------- */

static void
unpack(const char *from, const char *folder)
{
    struct place place = {from, 0};
    FILE *file = open_file(from, "r");
    char *line = NULL, path[4096];
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&line, &room, file)) > 0) {
        struct bytes bytes = {NULL, 0};
        FILE *to;

        place.line++;
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        corpus_unescape(&place, &bytes, line, '\0');
        snprintf(path, sizeof path, "%s/%05u", folder, place.line);
        to = open_file(path, "w");
        fwrite(bytes.data, 1, bytes.size, to);
        close_file(to, path);
        free(bytes.data);
    }
    free(line);
    close_file(file, from);
}

/* --- pack ----------------------------------------------------------------- */

static struct bytes *inputs;
static size_t n_inputs;

static void
read_input(const char *path)
{
    struct bytes bytes = {NULL, 0};
    FILE *file = open_file(path, "r");
    char buf[4096];
    size_t n;

    while ((n = fread(buf, 1, sizeof buf, file)) > 0)
        bytes_append(&bytes, buf, n);
    close_file(file, path);
    inputs = realloc(inputs, (n_inputs + 1) * sizeof *inputs);
    if (inputs == NULL)
        fail("inputs");
    if (bytes.size > 0)
        inputs[n_inputs++] = bytes;
}

/* The shortest first. */
static int
compare(const void *a, const void *b)
{
    const struct bytes *one = a, *two = b;

    if (one->size != two->size)
        return one->size < two->size ? -1 : 1;
    return memcmp(one->data, two->data, one->size);
}

static void
write_input(FILE *file, const struct bytes *input)
{
    for (size_t i = 0; i < input->size; i++) {
        unsigned char c = (unsigned char)input->data[i];

        if (c == '\\')
            fputs("\\\\", file);
        else if (c == '\r')
            fputs("\\r", file);
        else if (c == '\n')
            fputs("\\n", file);
        else if (c < 0x20 || c > 0x7e || (i == 0 && c == '#'))
            fprintf(file, "\\x%02x", c);
        else
            fputc(c, file);
    }
    fputc('\n', file);
}

static void
pack(const char *folder, const char *to)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[4096];
    FILE *file;

    if (dir == NULL)
        fail(folder);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        read_input(path);
    }
    closedir(dir);
    qsort(inputs, n_inputs, sizeof *inputs, compare);
    file = open_file(to, "w");
    for (size_t i = 0; i < n_inputs; i++) {
        write_input(file, &inputs[i]);
        free(inputs[i].data);
    }
    free(inputs);
    close_file(file, to);
}

int
main(int argc, char *argv[])
{
    if (argc == 4 && strcmp(argv[1], "unpack") == 0) {
        unpack(argv[2], argv[3]);
    } else if (argc == 4 && strcmp(argv[1], "pack") == 0) {
        pack(argv[2], argv[3]);
    } else {
        fputs("usage: corpus unpack FILE FOLDER | pack FOLDER FILE\n", stderr);
        return 2;
    }
    return 0;
}
