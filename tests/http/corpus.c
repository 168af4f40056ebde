/* SPDX-License-Identifier: MIT */
/* Reads the files of the corpus. */
#include "http/corpus.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- lines ---------------------------------------------------------------- */

/* The word at *text, copied; *text moves to the next. */
static char *
word(const char **text)
{
    size_t size = strcspn(*text, " ");
    char *copy = strndup(*text, size);

    *text += size;
    *text += strspn(*text, " ");
    return copy;
}

static void
option(const struct place *place, struct request_case *c, const char **text)
{
    if (strncmp(*text, "body=", 5) == 0) {
        corpus_unescape(place, &c->body, *text + 5, '\0');
        *text += strlen(*text);
        return;
    }
    char *name = word(text);
    if (strcmp(name, "close") == 0)
        c->close = true;
    else if (strncmp(name, "host=", 5) == 0)
        c->host = strdup(name + 5);
    else if (strncmp(name, "answer=", 7) == 0)
        c->answer = atoi(name + 7);
    else
        corpus_mistake(place, "no such word: %s", name);
    free(name);
}

static void
target(const struct place *place, struct request_case *c, const char **text)
{
    struct bytes bytes = {NULL, 0};
    char *escaped = word(text);

    corpus_unescape(place, &bytes, escaped, '\0');
    free(escaped);
    c->target = bytes.data;
}

static void
outcome(const struct place *place, struct request_case *c, const char *text)
{
    c->refusal = atoi(text);
    c->more = strcmp(text, "more") == 0;
    if (c->refusal > 0 || c->more)
        return;
    c->answer = 200;
    bytes_append(&c->body, "", 0);
    c->method = word(&text);
    target(place, c, &text);
    while (*text != '\0')
        option(place, c, &text);
}

static struct request_case *
new_case(const struct place *place, const char *name)
{
    struct request_case *c = calloc(1, sizeof *c);

    if (c == NULL || strlen(name) >= sizeof c->name)
        corpus_mistake(place, "too long a name: %s", name);
    strcpy(c->name, name);
    return c;
}

/* Returns where the next case is to be linked. */
static struct request_case **
read_line(const struct place *place, struct request_case **last, char *line)
{
    if (line[0] == '#' || line[0] == '\0' || strncmp(line, "why: ", 5) == 0)
        return last;
    if (strncmp(line, "case: ", 6) == 0) {
        if (*last != NULL)
            last = &(*last)->next;
        *last = new_case(place, line + 6);
    } else if (*last != NULL && strncmp(line, "send: ", 6) == 0) {
        corpus_unescape(place, &(*last)->sent, line + 6, '\0');
    } else if (*last != NULL && strncmp(line, "then: ", 6) == 0) {
        outcome(place, *last, line + 6);
    } else {
        corpus_mistake(place, "what is this? %s", line);
    }
    return last;
}

static struct request_case **
read_file(const char *path, struct request_case **last)
{
    struct place place = {path, 0};
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;

    if (file == NULL)
        corpus_mistake(&place, "cannot be read");
    while (getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        place.line++;
        last = read_line(&place, last, line);
    }
    free(line);
    fclose(file);
    return last;
}

struct request_case *
corpus_read(void)
{
    struct request_case *first = NULL, **last = &first;
    const char *folder = getenv("top_srcdir");
    char pattern[4096];
    glob_t files;

    snprintf(pattern, sizeof pattern, "%s/tests/http/corpus/*.txt",
             folder != NULL ? folder : ".");
    if (glob(pattern, 0, NULL, &files) != 0)
        corpus_mistake(&(struct place){pattern, 0}, "there is no corpus");
    for (size_t i = 0; i < files.gl_pathc; i++)
        last = read_file(files.gl_pathv[i], last);
    globfree(&files);
    return first;
}

void
corpus_free(struct request_case *first)
{
    while (first != NULL) {
        struct request_case *next = first->next;
        free(first->sent.data);
        free(first->body.data);
        free(first->method);
        free(first->target);
        free(first->host);
        free(first);
        first = next;
    }
}
