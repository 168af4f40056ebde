/* SPDX-License-Identifier: MIT */
/*
 * What an option makes of a text:
 *
 *     one of its words?   as it is ("auto"; of a string, nothing else passes)
 *     its type            the type's parser
 *     min, max            read by the same parser, then compared
 *     accept              a check that only options of gruvid itself have
 *
 * and whether a plugin's option makes sense.
 */
#include <string.h>

#include "config/internal.h"

/* In the order of their numbers. */
static const char *const type_names[] = {
    "string",  "bool", "integer", "number", "size",   "duration",
    "address", "list", "secret",  "route",  "target",
};

enum { N_TYPES = sizeof type_names / sizeof *type_names };

const char *
gruvid__type_name(gruvid_option_type_t type)
{
    return (unsigned)type < N_TYPES ? type_names[type] : "unknown";
}

static bool
is_text(gruvid_option_type_t type)
{
    return type == GRUVID_STRING || type == GRUVID_LIST;
}

static bool
has_limits(gruvid_option_type_t type)
{
    return type == GRUVID_INTEGER || type == GRUVID_NUMBER ||
           type == GRUVID_SIZE || type == GRUVID_DURATION;
}

static bool
has_choices(const gruvid_option_t *option)
{
    return option->choices != NULL && *option->choices != NULL;
}

static bool
is_choice(const gruvid_option_t *option, const char *text)
{
    const char *const *choice = option->choices;

    while (choice != NULL && *choice != NULL) {
        if (strcmp(*choice++, text) == 0)
            return true;
    }
    return false;
}

static void __attribute__((format(printf, 2, 3)))
append(gruvid__why_t *why, const char *format, ...)
{
    size_t length = strlen(why->text);
    va_list args;

    va_start(args, format);
    vsnprintf(why->text + length, sizeof why->text - length, format, args);
    va_end(args);
}

/* List the words, and guess which may be meant. */
static bool
name_choices(const gruvid_option_t *option, const char *text,
             gruvid__why_t *why)
{
    gruvid__suggestion_t s = {.word = text};
    const char *separator = is_text(option->type) ? " one of " : " (or ";

    for (const char *const *c = option->choices; *c != NULL; c++) {
        gruvid__suggest(&s, *c);
        append(why, "%s%s", separator, *c);
        separator = c[1] != NULL && c[2] != NULL ? ", " : " or ";
    }
    if (!is_text(option->type))
        append(why, ")");
    if (s.best != NULL)
        append(why, "; did you mean \"%s\"?", s.best);
    return false;
}

static bool
parse_type(gruvid__config_t *config, const gruvid_option_t *option,
           const char *text, gruvid__value_t *value, gruvid__why_t *why)
{
    value->text = text;
    memset(&value->as, 0, sizeof value->as);
    switch (option->type) {
    case GRUVID_STRING:
    case GRUVID_LIST:
        return true;
    case GRUVID_BOOL:
        return gruvid__parse_bool(text, &value->as.boolean, why);
    case GRUVID_INTEGER:
        return gruvid__parse_integer(text, &value->as.integer, why);
    case GRUVID_NUMBER:
        return gruvid__parse_number(text, &value->as.number, why);
    case GRUVID_SIZE:
        return gruvid__parse_size(text, &value->as.size, why);
    case GRUVID_DURATION:
        return gruvid__parse_duration(text, &value->as.number, why);
    case GRUVID_ADDRESS:
        return gruvid__parse_address(text, why);
    case GRUVID_SECRET:
        value->text = gruvid__parse_secret(config, text, why);
        return value->text != NULL;
    case GRUVID_ROUTE:
        return gruvid__parse_route(config, text, why);
    case GRUVID_TARGET:
        return gruvid__parse_target(text, why);
    }
    return gruvid__why(why, "the type %d is unknown", (int)option->type);
}

/* Compare two values of a type that has limits: below, equal or above 0. */
static int
compare(gruvid_option_type_t type, const gruvid__value_t *a,
        const gruvid__value_t *b)
{
    switch (type) {
    case GRUVID_INTEGER:
        return (a->as.integer > b->as.integer) -
               (a->as.integer < b->as.integer);
    case GRUVID_SIZE:
        return (a->as.size > b->as.size) - (a->as.size < b->as.size);
    default:
        return (a->as.number > b->as.number) - (a->as.number < b->as.number);
    }
}

static bool
check_limits(gruvid__config_t *config, const gruvid_option_t *option,
             const gruvid__value_t *value, gruvid__why_t *why)
{
    gruvid__value_t limit = {0};
    gruvid__shown_t shown;

    if (!has_limits(option->type))
        return true;
    if (option->min != NULL) {
        if (!parse_type(config, option, option->min, &limit, why))
            return false;
        if (compare(option->type, value, &limit) < 0)
            return gruvid__why(why, "\"%s\" is too small; the least is %s",
                               gruvid__shown(&shown, value->text), option->min);
    }
    if (option->max != NULL) {
        if (!parse_type(config, option, option->max, &limit, why))
            return false;
        if (compare(option->type, value, &limit) > 0)
            return gruvid__why(why, "\"%s\" is too large; the most is %s",
                               gruvid__shown(&shown, value->text), option->max);
    }
    return true;
}

static bool
parse_text(const gruvid_option_t *option, const char *text, gruvid__why_t *why)
{
    gruvid__shown_t shown;

    if (!has_choices(option))
        return true;
    gruvid__why(why, "\"%s\" is not", gruvid__shown(&shown, text));
    return name_choices(option, text, why);
}

bool
gruvid__parse_value(gruvid__config_t *config, const gruvid__key_t *key,
                    const char *text, gruvid__value_t *value,
                    gruvid__why_t *why)
{
    const gruvid_option_t *option = &key->option;
    const char *fallback = option->default_value;
    bool may_be_unset = fallback == NULL || *fallback == '\0';

    memset(&value->as, 0, sizeof value->as);
    value->text = text;
    if (is_choice(option, text))
        return key->accept == NULL || key->accept(text, why);
    if (is_text(option->type)) {
        if (!parse_text(option, text, why))
            return false;
        return key->accept == NULL || key->accept(text, why);
    }
    if (*text == '\0' && may_be_unset) {
        value->text = NULL;
        return true;
    }
    if (!parse_type(config, option, text, value, why)) {
        if (has_choices(option))
            name_choices(option, text, why);
        return false;
    }
    return check_limits(config, option, value, why) &&
           (key->accept == NULL || key->accept(text, why));
}

static bool
limits_sound(gruvid__config_t *config, const gruvid_option_t *option,
             gruvid__why_t *why)
{
    gruvid__value_t min = {0}, max = {0};

    if (option->min == NULL && option->max == NULL)
        return true;
    if (!has_limits(option->type))
        return gruvid__why(why, "a %s has no min or max",
                           gruvid__type_name(option->type));
    if (option->min != NULL &&
        !parse_type(config, option, option->min, &min, why))
        return false;
    if (option->max != NULL &&
        !parse_type(config, option, option->max, &max, why))
        return false;
    if (option->min != NULL && option->max != NULL &&
        compare(option->type, &min, &max) > 0)
        return gruvid__why(why, "min is greater than max");
    return true;
}

/* A default in a file (file:) is not read before it is needed. */
static bool
default_sound(gruvid__config_t *config, const gruvid__key_t *key,
              gruvid__why_t *why)
{
    const gruvid_option_t *option = &key->option;
    gruvid__value_t value = {0};

    if (option->default_value == NULL || option->type == GRUVID_SECRET)
        return true;
    if (option->required)
        return gruvid__why(why, "it is required and has a default");
    if (key->repeats)
        return true;
    return gruvid__parse_value(config, key, option->default_value, &value, why);
}

bool
gruvid__option_sound(gruvid__config_t *config, const gruvid__key_t *key,
                     gruvid__why_t *why)
{
    const gruvid_option_t *option = &key->option;

    if (!gruvid__is_key(option->name))
        return gruvid__why(why, "a name is made of a-z, 0-9 and _");
    if (gruvid__is_reserved(option->name))
        return gruvid__why(why, "the name is one of gruvid's own");
    if ((unsigned)option->type >= N_TYPES)
        return gruvid__why(why, "the type %d is unknown", (int)option->type);
    return limits_sound(config, option, why) && default_sound(config, key, why);
}

bool
gruvid__option_at(const gruvid_option_t *options, size_t option_size, size_t i,
                  gruvid__key_t *key)
{
    size_t size = option_size;

    memset(key, 0, sizeof *key);
    if (options == NULL)
        return false;
    if (size > sizeof key->option)
        size = sizeof key->option;
    memcpy(&key->option, (const char *)options + i * option_size, size);
    key->repeats = key->option.type == GRUVID_LIST ||
                   key->option.type == GRUVID_ROUTE ||
                   key->option.type == GRUVID_TARGET;
    if (key->option.type == GRUVID_ROUTE)
        key->change = GRUVID__CHANGED_LIVE;
    return key->option.name != NULL;
}
