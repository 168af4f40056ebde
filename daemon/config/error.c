/* SPDX-License-Identifier: MIT */
/*
 * Mistakes of the operator: collected while the configuration is read and
 * checked, printed together, in the order in which an editor shows them.
 *
 *     gruvid.conf:12: log.levle: unknown key; did you mean "level"?
 *     file        line place     text
 *
 * Text from the file is kept as it is and made harmless when it is printed: a
 * configuration must not steer the terminal of the operator who tests it.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

/* Where the mistake is: if possible, in memory that the config has anyway. */
static bool
set_file(gruvid__config_t *config, gruvid__mistake_t *m, const char *file)
{
    if (file == NULL)
        return true;
    if (gruvid__is_override(file)) {
        m->file =
            strcmp(file, GRUVID__RUN) == 0 ? GRUVID__RUN : GRUVID__OVERRIDES;
        m->order = UINT_MAX;
        return true;
    }
    for (const gruvid__file_t *f = config->files; f != NULL; f = f->next) {
        if (f->name == file || strcmp(f->name, file) == 0) {
            m->file = f->name;
            m->order = f->order;
            return true;
        }
    }
    m->file = gruvid__config_text(config, file, strlen(file));
    m->order = UINT_MAX - 1;
    return m->file != NULL;
}

/* "plugin echo.listen", "plugin echo", "listen" or "". */
static const char *
place_of(gruvid__config_t *config, const char *section, const char *key)
{
    size_t length;
    char *place;

    section = section != NULL ? section : "";
    key = key != NULL ? key : "";
    length = strlen(section) + strlen(key) + 2;
    place = gruvid__config_alloc(config, length, 1);
    if (place == NULL)
        return NULL;
    snprintf(place, length, "%s%s%s", section, *section && *key ? "." : "",
             key);
    return place;
}

static const char *
format_text(gruvid__config_t *config, const char *format, va_list args)
{
    va_list again;
    char *text = NULL;
    int length;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length >= 0)
        text = gruvid__config_alloc(config, (size_t)length + 1, 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

static void __attribute__((format(printf, 7, 0)))
add_mistake(gruvid__config_t *config, bool note, const char *file,
            unsigned line, const char *section, const char *key,
            const char *format, va_list args)
{
    gruvid__mistake_t *m = gruvid__config_alloc(config, 1, sizeof *m);
    const char *place = place_of(config, section, key);
    const char *text = format_text(config, format, args);

    if (m == NULL || place == NULL || text == NULL ||
        !set_file(config, m, file)) {
        config->n_lost++;
        return;
    }
    m->place = place;
    m->text = text;
    m->line = line;
    m->number = config->n_mistakes + config->n_notes;
    if (note) {
        config->n_notes++;
        m->next = config->notes;
        config->notes = m;
    } else {
        config->n_mistakes++;
        m->next = config->mistakes;
        config->mistakes = m;
    }
}

void
gruvid__config_error(gruvid__config_t *config, const char *file, unsigned line,
                     const char *section, const char *key, const char *format,
                     ...)
{
    va_list args;

    va_start(args, format);
    add_mistake(config, false, file, line, section, key, format, args);
    va_end(args);
}

/* item: of a key that repeats, the text of the line that is meant, as a value's
 * list has it; NULL: the last line. */
static void __attribute__((format(printf, 5, 0)))
add_to_section(gruvid__section_t *section, bool note, const char *key,
               const char *item, const char *format, va_list args)
{
    const char *file = section->file;
    unsigned line = section->line;

    for (const gruvid__entry_t *e = section->entries; key != NULL && e != NULL;
         e = e->next) {
        if (strcmp(e->key, key) == 0 && (item == NULL || e->text == item)) {
            file = e->file;
            line = e->line;
        }
    }
    add_mistake(section->config, note, file, line, section->name, key, format,
                args);
}

void
gruvid__section_error(gruvid__section_t *section, const char *key,
                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_to_section(section, false, key, NULL, format, args);
    va_end(args);
}

void
gruvid__item_error(gruvid__section_t *section, const char *key,
                   const char *item, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_to_section(section, false, key, item, format, args);
    va_end(args);
}

void
gruvid__section_note(gruvid__section_t *section, const char *key,
                     const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_to_section(section, true, key, NULL, format, args);
    va_end(args);
}

size_t
gruvid__config_mistakes(const gruvid__config_t *config)
{
    return config->n_mistakes + config->n_lost;
}

/* Characters that are invisible, or reverse the text beside them. */
static bool
is_invisible(const unsigned char *s)
{
    unsigned c = (unsigned)(s[0] << 16 | s[1] << 8 | s[2]);

    return (c >= 0xe2808b && c <= 0xe2808f) || /* U+200B to U+200F */
           (c >= 0xe280a8 && c <= 0xe280ae) || /* U+2028 to U+202E */
           (c >= 0xe281a0 && c <= 0xe281af) || /* U+2060 to U+206F */
           c == 0xefbbbf;                      /* U+FEFF */
}

/* The length of the UTF-8 character at s; 0: it is not to be printed as it is.
 */
static size_t
printable(const unsigned char *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

    if (s[0] < 0x20 || s[0] == 0x7f || (s[0] >= 0x80 && s[0] < 0xc2) ||
        s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    /* The C1 control characters; overlong forms and surrogates. */
    if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0) ||
        (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n == 3 && is_invisible(s) ? 0 : n;
}

static void
print_escaped(FILE *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        size_t n = printable(s);

        if (n > 0) {
            fwrite(s, 1, n, out);
            s += n;
        } else {
            fprintf(out, "\\x%02x", *s++);
        }
    }
}

static int
compare(const void *a, const void *b)
{
    const gruvid__mistake_t *left = *(const gruvid__mistake_t *const *)a;
    const gruvid__mistake_t *right = *(const gruvid__mistake_t *const *)b;

    if (left->order != right->order)
        return left->order < right->order ? -1 : 1;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return left->number < right->number ? -1 : 1;
}

static void
print_mistake(const gruvid__mistake_t *m, FILE *out)
{
    if (m->file != NULL) {
        print_escaped(out, m->file);
        if (m->line > 0 && !gruvid__is_override(m->file))
            fprintf(out, ":%u", m->line);
        fputs(": ", out);
    }
    if (*m->place != '\0') {
        print_escaped(out, m->place);
        fputs(": ", out);
    }
    print_escaped(out, m->text);
    fputc('\n', out);
}

/* In the order of compare(); without memory in the wrong order. */
static void
print_sorted(const gruvid__mistake_t *last, size_t n, FILE *out)
{
    const gruvid__mistake_t **sorted = calloc(n + 1, sizeof *sorted);
    size_t i = n;

    if (sorted == NULL) {
        for (const gruvid__mistake_t *m = last; m != NULL; m = m->next)
            print_mistake(m, out);
        return;
    }
    for (const gruvid__mistake_t *m = last; m != NULL; m = m->next)
        sorted[--i] = m;
    qsort(sorted, n, sizeof *sorted, compare);
    for (i = 0; i < n; i++)
        print_mistake(sorted[i], out);
    free(sorted);
}

void
gruvid__config_print_mistakes(gruvid__config_t *config, FILE *out)
{
    print_sorted(config->mistakes, config->n_mistakes, out);
    if (config->n_lost > 0)
        fprintf(out, "%zu more: out of memory\n", config->n_lost);
}

void
gruvid__config_print_notes(const gruvid__config_t *config, FILE *out)
{
    print_sorted(config->notes, config->n_notes, out);
}
