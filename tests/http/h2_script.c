/* SPDX-License-Identifier: MIT */
/* Reads the files of frames/. */
#include "http/h2_script.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FILES 20

/* --- words ---------------------------------------------------------------- */

static char *
word(const char **text)
{
    size_t size = strcspn(*text, " ");
    char *copy = strndup(*text, size);

    *text += size;
    if (**text == ' ')
        ++*text;
    return copy;
}

static unsigned
type_of(const struct place *place, const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 0);

    if (*end == '\0')
        return (unsigned)number;
    for (unsigned type = H2_DATA; type <= H2_CONTINUATION; type++)
        if (strcmp(name, h2_type_name(type)) == 0)
            return type;
    corpus_mistake(place, "no such type: %s", name);
}

/* "END_STREAM,PADDED", "0x80", "-" */
static unsigned
flags_of(const struct place *place, char *names)
{
    static const struct {
        const char *name;
        unsigned flag;
    } rows[] = {
        {"-", 0},
        {"ACK", H2_ACK},
        {"END_STREAM", H2_END_STREAM},
        {"END_HEADERS", H2_END_HEADERS},
        {"PADDED", H2_PADDED},
        {"PRIORITY", H2_WITH_PRIORITY},
    };
    unsigned flags = 0;

    for (char *name = strtok(names, ","); name != NULL;
         name = strtok(NULL, ",")) {
        size_t i = 0;
        if (name[0] == '0') {
            flags |= (unsigned)strtoul(name, NULL, 0);
            continue;
        }
        while (i < sizeof rows / sizeof *rows &&
               strcmp(name, rows[i].name) != 0)
            i++;
        if (i == sizeof rows / sizeof *rows)
            corpus_mistake(place, "no such flag: %s", name);
        flags |= rows[i].flag;
    }
    return flags;
}

/* --- payloads ------------------------------------------------------------- */

/* "{name: value}", or "{GET /path}" for a whole request; text points behind the
 * bracket. */
static const char *
add_field(const struct place *place, struct bytes *bytes, const char *text)
{
    struct bytes field = {NULL, 0};
    char *colon, *blank;

    text = corpus_unescape(place, &field, text, '}');
    colon = field.size > 0 ? strstr(field.data + 1, ": ") : NULL;
    blank = strchr(field.data, ' ');
    if (colon != NULL) {
        size_t name = (size_t)(colon - field.data);
        h2_add_field(bytes, field.data, name, colon + 2, field.size - name - 2);
    } else if (blank != NULL) {
        *blank = '\0';
        h2_add_request(bytes, field.data, blank + 1);
    } else {
        corpus_mistake(place, "no field: %s", field.data);
    }
    free(field.data);
    return text;
}

/* "[4:1]" is a 1 in four bytes; text points behind the bracket. */
static const char *
add_number(const struct place *place, struct bytes *bytes, const char *text)
{
    char *end;
    unsigned long size = strtoul(text, &end, 0);

    if (*end != ':' || size > 8)
        corpus_mistake(place, "no number: [%s", text);
    h2_add_number(bytes, strtoull(end + 1, &end, 0), (unsigned)size);
    if (*end != ']')
        corpus_mistake(place, "no end of a number: [%s", text);
    return end + 1;
}

static void
payload(const struct place *place, struct bytes *bytes, const char *text)
{
    bytes_append(bytes, "", 0);
    while (*text != '\0') {
        if (*text == '\\')
            text = corpus_escape(place, bytes, text + 1);
        else if (*text == '{')
            text = add_field(place, bytes, text + 1);
        else if (*text == '[')
            text = add_number(place, bytes, text + 1);
        else
            bytes_append(bytes, text++, 1);
    }
}

/* --- lines ---------------------------------------------------------------- */

static struct h2_line *
new_line(const struct place *place, struct h2_script *script)
{
    struct h2_line *line = calloc(1, sizeof *line);

    if (line == NULL)
        abort();
    line->number = place->line;
    *script->last = line;
    script->last = &line->next;
    return line;
}

/* "TYPE FLAGS STREAM PAYLOAD" */
static void
frame(const struct place *place, struct h2_script *script, struct bytes *bytes,
      const char *text)
{
    struct bytes content = {NULL, 0};
    char *type = word(&text), *flags = word(&text), *stream = word(&text);
    unsigned long id = strtoul(stream, NULL, 0);

    payload(place, &content, text);
    h2_add_frame(bytes, type_of(place, type), flags_of(place, flags),
                 (uint32_t)id, content.data, content.size);
    if (id >= script->fresh && id < 1000000)
        script->fresh = (uint32_t)(id + 1) | 1;
    free(content.data);
    free(type);
    free(flags);
    free(stream);
}

/* "bytes PAYLOAD", "half", or a frame; "(100 times) FRAME" */
static void
sends(const struct place *place, struct h2_script *script, const char *text)
{
    struct h2_line *line = new_line(place, script);
    int times = 1, used = 0;

    line->sends = true;
    if (strcmp(text, "half") == 0) {
        line->half = true;
        return;
    }
    if (strncmp(text, "bytes ", 6) == 0) {
        payload(place, &line->bytes, text + 6);
        return;
    }
    if (sscanf(text, "(%d times) %n", &times, &used) < 1)
        used = 0;
    while (times-- > 0)
        frame(place, script, &line->bytes, text + used);
}

static struct h2_script *
new_script(const struct place *place, const char *name)
{
    struct h2_script *script = calloc(1, sizeof *script);

    if (script == NULL || strlen(name) >= sizeof script->name)
        corpus_mistake(place, "too long a name: %s", name);
    strcpy(script->name, name);
    script->path = place->path;
    script->fresh = 1;
    script->last = &script->first;
    return script;
}

/* Returns where the next script is to be linked. */
static struct h2_script **
read_line(const struct place *place, struct h2_script **last, char *line)
{
    if (line[0] == '#' || line[0] == '\0' || strncmp(line, "why: ", 5) == 0)
        return last;
    if (strncmp(line, "case: ", 6) == 0) {
        if (*last != NULL)
            last = &(*last)->next;
        *last = new_script(place, line + 6);
    } else if (*last == NULL) {
        corpus_mistake(place, "there is no case: %s", line);
    } else if (strncmp(line, "send: ", 6) == 0) {
        sends(place, *last, line + 6);
    } else if (strncmp(line, "then: ", 6) == 0) {
        new_line(place, *last)->expects = strdup(line + 6);
    } else if (strcmp(line, "begin: nothing") == 0) {
        (*last)->nothing = true;
    } else {
        corpus_mistake(place, "what is this? %s", line);
    }
    return last;
}

static struct h2_script **
read_file(const char *path, struct h2_script **last)
{
    static char paths[MOST_FILES][512];
    static unsigned n;
    struct place place = {paths[n], 0};
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;

    if (file == NULL || n == MOST_FILES)
        corpus_mistake(&place, "cannot be read: %s", path);
    snprintf(paths[n++], sizeof paths[0], "%s", path);
    while (getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        place.line++;
        last = read_line(&place, last, line);
    }
    free(line);
    fclose(file);
    return last;
}

struct h2_script *
h2_scripts_read(void)
{
    struct h2_script *first = NULL, **last = &first;
    const char *folder = getenv("top_srcdir");
    char pattern[400];
    glob_t files;

    snprintf(pattern, sizeof pattern, "%s/tests/http/frames/*.txt",
             folder != NULL ? folder : ".");
    if (glob(pattern, 0, NULL, &files) != 0)
        corpus_mistake(&(struct place){pattern, 0}, "there is no script");
    for (size_t i = 0; i < files.gl_pathc; i++)
        last = read_file(files.gl_pathv[i], last);
    globfree(&files);
    return first;
}

static void
script_free(struct h2_script *script)
{
    while (script->first != NULL) {
        struct h2_line *next = script->first->next;
        free(script->first->bytes.data);
        free(script->first->expects);
        free(script->first);
        script->first = next;
    }
    free(script);
}

void
h2_scripts_free(struct h2_script *first)
{
    while (first != NULL) {
        struct h2_script *next = first->next;
        script_free(first);
        first = next;
    }
}
