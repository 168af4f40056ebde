/* SPDX-License-Identifier: MIT */
/*
 * One file through inih.
 *
 *   text -> feed() -> ini_parse_stream() -> take() -> entries of a section
 *             \______________________________/
 *              what was fed, and in which line
 *
 * inih splits lines into key and value.  Its other features have to be turned
 * off, and what it does not tell has to be found out.  As measured, r55 of
 * Debian 12
 *
 *   - breaks a line after 200 bytes: four of its settings make it take any line
 *     that passes here;
 *   - joins an indented line to the key above, and cuts values at " ;":
 * settings turn that off, and lines come without their indentation;
 *   - calls its reader several times for a line: feed() goes on where it was;
 *   - accepts "[a] rest", cuts names of sections at 49 bytes, and does not
 *     report empty sections: feed() checks headers itself, and sends a marker
 *     line after each, for which take() must be called with that name;
 *   - reports one bad line only: a line without a call of take() is bad.
 *
 * Lines are counted here, because inih counts the marker lines, too.
 */
#include <ini.h>
#include <string.h>

#include "config/internal.h"

enum line_kind { NO_LINE, HEADER_LINE, MARKER_LINE, PAIR_LINE };

struct reader {
    gruvid__config_t *config;
    const char *file;
    const char *at; /* the next line to read */
    const char *end;

    /* The line being fed. */
    unsigned line;
    enum line_kind kind;
    bool taken;      /* take() was called for it */
    const char *fed; /* without indentation and end */
    size_t fed_length;
    size_t given; /* bytes of it that inih has */

    gruvid__section_t *section; /* NULL: none yet, or its header was bad */
    bool bad_header;
};

static const char marker[] = "=";

static void __attribute__((format(printf, 2, 3)))
mistake(struct reader *r, const char *format, ...)
{
    gruvid__why_t why;
    va_list args;

    va_start(args, format);
    vsnprintf(why.text, sizeof why.text, format, args);
    va_end(args);
    gruvid__config_error(r->config, r->file, r->line,
                         r->section != NULL ? r->section->name : NULL, NULL,
                         "%s", why.text);
}

static void
enter_section(struct reader *r, const char *name)
{
    gruvid__section_t *section;

    section = gruvid__config_add_section(r->config, name, r->file, r->line);
    r->section = section;
    if (section == NULL)
        return;
    if (section->file != r->file) {
        section->file = r->file;
        section->line = r->line;
    } else if (section->kind != GRUVID__UNKNOWN) {
        gruvid__config_error(r->config, r->file, r->line, name, NULL,
                             "the section is there twice; first in line %u",
                             section->line);
    }
}

/* "[name]", perhaps with a comment after it.  False: bad, do not feed it. */
static bool
read_header(struct reader *r)
{
    const char *line = r->fed, *end = line + r->fed_length;
    const char *close = memchr(line, ']', r->fed_length);
    const char *rest = close != NULL ? close + 1 : end;
    char name[49]; /* as inih has it */
    size_t length;

    r->section = NULL;
    r->bad_header = true;
    if (close == NULL) {
        mistake(r, "the ] of the section is missing");
        return false;
    }
    while (rest < end && gruvid__is_blank(*rest))
        rest++;
    if (rest < end && (rest == close + 1 || (*rest != ';' && *rest != '#'))) {
        mistake(r, "there is text after the ] of the section");
        return false;
    }
    length = (size_t)(close - line) - 1;
    if (length == 0 || length >= sizeof name) {
        mistake(r, "%s",
                length == 0 ? "the section has no name"
                            : "the name of the section is too long");
        return false;
    }
    memcpy(name, line + 1, length);
    name[length] = '\0';
    r->bad_header = false;
    enter_section(r, name);
    return r->section != NULL;
}

/* inih has taken the line and asks for more. */
static void
leave_line(struct reader *r)
{
    if (r->kind == PAIR_LINE && !r->taken)
        mistake(r, "not a line of the form key = value");
    if (r->kind == MARKER_LINE && !r->taken)
        mistake(r, "the section cannot be read");
    r->taken = false;
    r->given = 0;
}

/* Find the end of the next line.  False: the line is not for inih. */
static bool
read_line(struct reader *r)
{
    const char *start = r->at;
    const char *end = memchr(start, '\n', (size_t)(r->end - start));
    size_t length = (size_t)((end != NULL ? end : r->end) - start);

    r->line++;
    r->at = end != NULL ? end + 1 : r->end;
    r->kind = NO_LINE;
    if (length > GRUVID__MAX_LINE) {
        mistake(r, "the line is longer than %d bytes", GRUVID__MAX_LINE);
        return false;
    }
    if (memchr(start, '\0', length) != NULL) {
        mistake(r, "there is a NUL byte in the line");
        return false;
    }
    while (length > 0 && gruvid__is_blank(*start)) {
        start++;
        length--;
    }
    if (length == 0 || *start == ';' || *start == '#')
        return false;
    r->fed = start;
    r->fed_length = length;
    r->kind = *start == '[' ? HEADER_LINE : PAIR_LINE;
    return r->kind == PAIR_LINE || read_header(r);
}

/* Go to the next line for inih.  False: there is none. */
static bool
next_line(struct reader *r)
{
    leave_line(r);
    if (r->kind == HEADER_LINE && r->section != NULL) {
        r->kind = MARKER_LINE;
        r->fed = marker;
        r->fed_length = sizeof marker - 1;
        return true;
    }
    r->kind = NO_LINE;
    while (r->at < r->end && !r->config->no_memory) {
        if (read_line(r))
            return true;
    }
    r->kind = NO_LINE;
    return false;
}

/* The ini_reader: like fgets(), of at most size - 1 bytes. */
static char *
feed(char *to, int size, void *stream)
{
    struct reader *r = stream;
    size_t room = (size_t)size - 1, rest;

    if (r->given > r->fed_length || r->kind == NO_LINE) {
        if (!next_line(r))
            return NULL;
    }
    rest = r->fed_length - r->given;
    if (rest > room)
        rest = room;
    memcpy(to, r->fed + r->given, rest);
    r->given += rest;
    /* The end of the line is one byte more, given once there is room. */
    if (rest < room && r->given == r->fed_length) {
        to[rest++] = '\n';
        r->given++;
    }
    to[rest] = '\0';
    return to;
}

static void
key_mistake(struct reader *r, const char *key, const char *what)
{
    gruvid__shown_t shown;

    gruvid__config_error(r->config, r->file, r->line,
                         r->section != NULL ? r->section->name : NULL,
                         gruvid__shown(&shown, key), "%s", what);
}

/* Where inih has split the line; its end if it has not. */
static size_t
separator(const struct reader *r)
{
    size_t i = 0;

    while (i < r->fed_length && r->fed[i] != '=' && r->fed[i] != ':')
        i++;
    return i;
}

static bool
check_key(struct reader *r, const char *key)
{
    size_t at = separator(r);

    /* Only "=" separates here.  A line without it is not shown: it may be a
     * value. */
    if (at == r->fed_length || r->fed[at] != '=' ||
        key[strcspn(key, " \t;#\"")] != '\0')
        mistake(r, "not a line of the form key = value");
    else if (*key == '\0')
        mistake(r, "there is no key before the =");
    else if (!gruvid__is_key(key))
        key_mistake(r, key, "a key is made of a-z, 0-9 and _");
    else if (strlen(key) >= sizeof((gruvid__shown_t *)0)->text)
        key_mistake(r, key, "the key is too long");
    else
        return true;
    return false;
}

/* The ini_handler; name and value are inih's line, cut in two. */
static int
take(void *user, const char *section, const char *name, const char *value)
{
    struct reader *r = user;
    bool after_blank;
    gruvid__why_t why;
    size_t at;
    char *text;

    if (r->kind == MARKER_LINE) {
        r->taken = r->section != NULL && strcmp(section, r->section->name) == 0;
        return 1;
    }
    r->taken = true;
    if (!check_key(r, name) || r->bad_header)
        return 1;
    if (r->section == NULL) {
        key_mistake(r, name, "it is outside of a section");
        return 1;
    }
    at = separator(r) + 1;
    after_blank = at < r->fed_length && gruvid__is_blank(r->fed[at]);
    text = gruvid__config_text(r->config, value, strlen(value));
    if (text == NULL)
        return 0;
    if (gruvid__unquote(text, after_blank, true, &text, &why))
        gruvid__section_add(r->section, r->file, r->line, name, text);
    else
        gruvid__config_error(r->config, r->file, r->line, r->section->name,
                             name, "%s", why.text);
    return 1;
}

void
gruvid__config_parse(gruvid__config_t *config, const char *file,
                     const char *text, size_t length)
{
    static const char bom[] = "\xef\xbb\xbf";
    const bool use_stack = ini_use_stack;
    const bool allow_realloc = ini_allow_realloc;
    const bool allow_multiline = ini_allow_multiline;
    const bool allow_comments = ini_allow_inline_comments;
    const int max_line = ini_max_line;
    struct reader r = {
        .config = config,
        .file = file,
        .at = text,
        .end = text + length,
    };

    if (length >= sizeof bom - 1 && memcmp(text, bom, sizeof bom - 1) == 0)
        r.at += sizeof bom - 1;
    ini_use_stack = false;
    ini_allow_realloc = true;
    ini_allow_multiline = false;
    ini_allow_inline_comments = false;
    ini_max_line = GRUVID__MAX_LINE + 16;
    if (ini_parse_stream(feed, &r, take, &r) == -2)
        config->no_memory = true;
    ini_use_stack = use_stack;
    ini_allow_realloc = allow_realloc;
    ini_allow_multiline = allow_multiline;
    ini_allow_inline_comments = allow_comments;
    ini_max_line = max_line;
}
