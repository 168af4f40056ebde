/* SPDX-License-Identifier: MIT */
/* Reads the files of the corpus. */
#include "http/corpus.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where in the corpus something is, for messages. */
struct place {
    const char *path;
    unsigned line;
};

static void __attribute__((noreturn, format(printf, 2, 3)))
mistake(const struct place *place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "%s:%u: ", place->path, place->line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* --- bytes ---------------------------------------------------------------- */

static void
append(struct bytes *bytes, const char *data, size_t size)
{
    char *grown = realloc(bytes->data, bytes->size + size + 1);

    if (grown == NULL)
        abort();
    bytes->data = grown;
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    bytes->data[bytes->size] = '\0';
}

static const char *unescape(const struct place *place, struct bytes *bytes,
                            const char *text, char end);

/* "(100:x)": text points behind the parenthesis. */
static const char *
repeat(const struct place *place, struct bytes *bytes, const char *text)
{
    struct bytes item = {NULL, 0};
    char *colon;
    unsigned long n = strtoul(text, &colon, 10);

    if (*colon != ':')
        mistake(place, "no number of times: \\(%s", text);
    text = unescape(place, &item, colon + 1, ')');
    while (n-- > 0)
        append(bytes, item.data, item.size);
    free(item.data);
    return text;
}

static char
hex_byte(const struct place *place, const char *digits)
{
    char text[3] = {digits[0], digits[0] != '\0' ? digits[1] : '\0', '\0'},
         *end;
    unsigned long value = strtoul(text, &end, 16);

    if (end != text + 2)
        mistake(place, "no byte: \\x%s", digits);
    return (char)value;
}

/* text points behind a backslash. */
static const char *
escape(const struct place *place, struct bytes *bytes, const char *text)
{
    char byte = *text++;

    switch (byte) {
    case '(':
        return repeat(place, bytes, text);
    case 'x':
        byte = hex_byte(place, text);
        text += 2;
        break;
    case 'r':
        byte = '\r';
        break;
    case 'n':
        byte = '\n';
        break;
    case 't':
        byte = '\t';
        break;
    case '\\':
        break;
    default:
        mistake(place, "no such escape: \\%c", byte);
    }
    append(bytes, &byte, 1);
    return text;
}

/* Up to the byte end; '\0': all.  Returns where text goes on behind it. */
static const char *
unescape(const struct place *place, struct bytes *bytes, const char *text,
         char end)
{
    append(bytes, "", 0);
    while (*text != end) {
        if (*text == '\0')
            mistake(place, "there is no '%c'", end);
        if (*text == '\\') {
            text = escape(place, bytes, text + 1);
        } else {
            append(bytes, text++, 1);
        }
    }
    return text + (end != '\0');
}

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
        unescape(place, &c->body, *text + 5, '\0');
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
        mistake(place, "no such word: %s", name);
    free(name);
}

static void
target(const struct place *place, struct request_case *c, const char **text)
{
    struct bytes bytes = {NULL, 0};
    char *escaped = word(text);

    unescape(place, &bytes, escaped, '\0');
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
    append(&c->body, "", 0);
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
        mistake(place, "too long a name: %s", name);
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
        unescape(place, &(*last)->sent, line + 6, '\0');
    } else if (*last != NULL && strncmp(line, "then: ", 6) == 0) {
        outcome(place, *last, line + 6);
    } else {
        mistake(place, "what is this? %s", line);
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
        mistake(&place, "cannot be read");
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
        mistake(&(struct place){pattern, 0}, "there is no corpus");
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
