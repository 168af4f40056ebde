/* SPDX-License-Identifier: MIT */
/*
 * The text of a script becomes steps.  A line is a step:
 *
 *     connect a            a word, and what it is about
 *     a> hello\n           bytes that a sends
 *     a< hello\n           bytes that a gets
 *
 * Text has the escapes of C, and ends with its line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gruvid-test/script.h"
#include "gruvid-test/steps.h"

/* What a step needs behind its word. */
enum form {
    NOTHING,
    NAME,          /* of a connection */
    DURATION,      /* "30s" */
    NAME_DURATION, /* "a 30s" */
    NAME_TEXT,     /* "a hello\n" */
    STATUS,        /* "404" */
    TEXT           /* with escapes; may be empty */
};

static const struct word {
    const char *word;
    enum form form;
    step_fn *fn;
} words[] = {
    /* Of connections. */
    {"connect", NAME, step_connect},
    {"close", NAME, step_close},
    {"shutdown", NAME, step_shutdown},
    {"reset", NAME, step_reset},
    {"cancel", NAME, step_cancel},
    {"until", NAME_TEXT, step_until},
    {"eof", NAME, step_eof},
    {"quiet", NAME_DURATION, step_quiet},
    /* Of time. */
    {"sleep", DURATION, step_sleep},
    {"elapsed", DURATION, step_elapsed},
    {"within", DURATION, step_within},
    /* Of requests. */
    {"request", TEXT, step_request},
    {"open", NAME, step_open},
    {"header", TEXT, step_header},
    {"body", TEXT, step_body},
    {"status", STATUS, step_status},
    /* Of gruvid. */
    {"expect-log", TEXT, step_expect_log},
    {"reload", TEXT, step_reload},
    {"stop", NOTHING, step_stop},
    {"drain", NOTHING, step_stop},
};

#define N_WORDS (sizeof words / sizeof *words)

/* --- parts of a line ------------------------------------------------------ */

static int
hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* What follows a backslash; moves *from behind it.  -1: no escape. */
static int
unescape(const char **from)
{
    static const char letters[] = "abefnrtv0\\\"'", values[] = "\a\b\033\f\n\r"
                                                               "\t\v\0\\\"'";
    const char *at;
    int c = (unsigned char)*(*from)++, high, low;

    if (c == 'x') {
        high = hex_digit((*from)[0]);
        low = high < 0 ? -1 : hex_digit((*from)[1]);
        *from += low < 0 ? 0 : 2;
        return low < 0 ? -1 : high * 16 + low;
    }
    at = c == '\0' ? NULL : strchr(letters, c);
    return at == NULL ? -1 : (unsigned char)values[at - letters];
}

static const char *
take_text(struct step *step, const char *from)
{
    char *to = malloc(strlen(from) + 1);
    int c;

    step->text = to;
    if (to == NULL)
        return "out of memory";
    while (*from != '\0') {
        c = (unsigned char)*from++;
        if (c == '\\' && (c = unescape(&from)) < 0)
            return "an escape that C does not have";
        *to++ = (char)c;
    }
    *to = '\0';
    step->length = (size_t)(to - step->text);
    return NULL;
}

/* Seconds; some thirty years.  What is longer is for ever. */
#define LONGEST 1e9

static const char *
take_duration(struct step *step, const char *text)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1},   {"s", 1},     {"us", 1e-6},
                 {"m", 60}, {"ms", 1e-3}, {"h", 3600}};
    char *end;

    step->seconds = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (end != text && strcmp(end, units[i].unit) == 0) {
            step->seconds *= units[i].seconds;
            return !(step->seconds >= 0)     ? "a negative duration"
                   : step->seconds > LONGEST ? "a duration of over 30 years"
                                             : NULL;
        }
    return "a duration is a number with us, ms, s, m or h";
}

/* Cut off the first word of a text; returns what follows it. */
static char *
cut_word(char *text)
{
    char *end = text + strcspn(text, " \t");

    if (*end != '\0')
        *end++ = '\0';
    return end + strspn(end, " \t");
}

static const char *
take_name(struct step *step, const char *name)
{
    if (name[0] == '\0' || strcspn(name, " \t") != strlen(name))
        return "the name of a connection is a word";
    step->name = strdup(name);
    return step->name == NULL ? "out of memory" : NULL;
}

static const char *
take_status(struct step *step, const char *text)
{
    if (strlen(text) != 3 || strspn(text, "0123456789") != 3)
        return "a status is a number of three digits";
    return take_text(step, text);
}

/* Blanks behind a word are seen by nobody; those of a text are its own. */
static void
cut_blanks(char *rest)
{
    size_t length = strlen(rest);

    while (length > 0 && strchr(" \t", rest[length - 1]) != NULL)
        rest[--length] = '\0';
}

static const char *
take_rest(struct step *step, enum form form, char *rest)
{
    const char *why;
    char *more;

    if (form != TEXT && form != NAME_TEXT)
        cut_blanks(rest);
    switch (form) {
    case NAME:
        return take_name(step, rest);
    case DURATION:
        return take_duration(step, rest);
    case NAME_DURATION:
    case NAME_TEXT:
        more = cut_word(rest);
        why = take_name(step, rest);
        if (why != NULL)
            return why;
        return form == NAME_TEXT ? take_text(step, more)
                                 : take_duration(step, more);
    case STATUS:
        return take_status(step, rest);
    case TEXT:
        return take_text(step, rest);
    case NOTHING:
    default:
        return rest[0] == '\0' ? NULL : "nothing may follow";
    }
}

/* "a> text"; NULL where it is no such line. */
static char *
find_arrow(char *line)
{
    char *arrow = strpbrk(line, " \t<>");

    return arrow == NULL || *arrow == ' ' || *arrow == '\t' || arrow == line
               ? NULL
               : arrow;
}

/* Returns what is wrong, or NULL. */
static const char *
take_line(struct step *step, char *line)
{
    char *arrow = find_arrow(line), *rest;
    const char *why;

    if (arrow != NULL) {
        step->fn = *arrow == '>' ? step_send : step_expect;
        *arrow = '\0';
        why = take_name(step, line);
        arrow += 1 + (arrow[1] == ' ');
        return why != NULL ? why : take_text(step, arrow);
    }
    rest = cut_word(line);
    for (size_t i = 0; i < N_WORDS; i++)
        if (strcmp(words[i].word, line) == 0) {
            step->fn = words[i].fn;
            return take_rest(step, words[i].form, rest);
        }
    return "no such step; see gruvid-test(1)";
}

/* --- requests ------------------------------------------------------------- */

/* A request that nothing makes is a test of nothing. */
struct asking {
    unsigned line; /* of the request that is not made yet; 0: none */
    bool begun;    /* there was a request */
};

static const char *
follow_requests(struct asking *asking, const struct step *step)
{
    bool ends = step->fn == step_status || step->fn == step_open;
    bool adds = step->fn == step_header || step->fn == step_body;

    if ((ends || adds) && !asking->begun)
        return "there is no request in front of it";
    if (ends)
        asking->line = 0;
    if (step->fn != step_request)
        return NULL;
    if (asking->line != 0)
        return "the request in front of it is not made: it has no status";
    *asking = (struct asking){step->line, true};
    return NULL;
}

/* --- the file ------------------------------------------------------------- */

static void
free_step(struct step *step)
{
    free(step->name);
    free(step->text);
}

void
script_free(struct script *script)
{
    for (size_t i = 0; i < script->n; i++)
        free_step(&script->steps[i]);
    free(script->steps);
    free(script);
}

/* An empty line, or a comment. */
static bool
is_nothing(const char *line)
{
    line += strspn(line, " \t");
    return *line == '\0' || *line == '#';
}

static struct step *
add_step(struct script *script)
{
    struct step *more =
        realloc(script->steps, (script->n + 1) * sizeof *script->steps);

    if (more == NULL)
        return NULL;
    script->steps = more;
    more += script->n++;
    *more = (struct step){0};
    return more;
}

static unsigned
tell_mistake(const struct script *script, unsigned line, const char *why)
{
    fprintf(stderr, "%s:%u: %s\n", script->path, line, why);
    return 1;
}

/* Returns the number of mistakes. */
static unsigned
read_all(struct script *script, FILE *file)
{
    unsigned mistakes = 0, number = 0;
    struct asking asking = {0};
    char *line = NULL;
    size_t room = 0;

    errno = 0;
    while (getline(&line, &room, file) >= 0) {
        const char *why = "out of memory";
        struct step *step;

        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (is_nothing(line))
            continue;
        step = add_step(script);
        if (step != NULL) {
            step->line = number;
            why = take_line(step, line + strspn(line, " \t"));
        }
        if (why == NULL)
            why = follow_requests(&asking, step);
        if (why != NULL)
            mistakes += tell_mistake(script, number, why);
    }
    if (ferror(file)) {
        fprintf(stderr, "gruvid-test: %s: %s\n", script->path, strerror(errno));
        mistakes++;
    } else if (asking.line != 0 && mistakes == 0) {
        mistakes += tell_mistake(script, asking.line,
                                 "the request is not made: it has no status");
    }
    free(line);
    return mistakes;
}

struct script *
script_read(const char *path)
{
    struct script *script = calloc(1, sizeof *script);
    FILE *file = fopen(path, "re");
    unsigned mistakes = 1;

    if (script != NULL && file != NULL) {
        script->path = path;
        mistakes = read_all(script, file);
    } else {
        fprintf(stderr, "gruvid-test: %s: %s\n", path, strerror(errno));
    }
    if (file != NULL)
        fclose(file);
    if (mistakes == 0)
        return script;
    if (script != NULL)
        script_free(script);
    return NULL;
}
