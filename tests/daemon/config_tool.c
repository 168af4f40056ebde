/* SPDX-License-Identifier: MIT */
/*
 * The configuration without a daemon around it, for tests/daemon/config_corpus
 * and for the comparison with the manual:
 *
 *     config_tool check FILE [OVERRIDE]...   every mistake, as gruvid -t
 *     config_tool dump FILE [OVERRIDE]...    every value set
 *     config_tool tables                     every option, a line of fields
 *
 * Exit status: 0, 1 if there are mistakes, 2 after a misuse.
 *
 * Modules are not loaded.  Some names stand for tables of their own: "every"
 * has an option of each type, "needy" needs things, "missing" cannot be loaded,
 * and what begins with "broken" has a table that makes no sense.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"
#include "os/owner.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const gruvid_option_t every[] = {
    {.name = "text", .default_value = "some text"},
    {.name = "color",
     .default_value = "red",
     .choices = WORDS("red", "green", "blue")},
    {.name = "flag", .type = GRUVID_BOOL, .default_value = "on"},
    {.name = "count",
     .type = GRUVID_INTEGER,
     .default_value = "3",
     .min = "-10",
     .max = "10"},
    {.name = "ratio",
     .type = GRUVID_NUMBER,
     .default_value = "0.5",
     .min = "0",
     .max = "1"},
    {.name = "room",
     .type = GRUVID_SIZE,
     .default_value = "64K",
     .min = "1K",
     .max = "1M"},
    {.name = "pause",
     .type = GRUVID_DURATION,
     .default_value = "never",
     .min = "1ms",
     .max = "1h",
     .choices = WORDS("never", "ever")},
    {.name = "peer", .type = GRUVID_ADDRESS},
    {.name = "names", .type = GRUVID_LIST, .default_value = "one\ntwo"},
    {.name = "days", .type = GRUVID_LIST, .choices = WORDS("mo", "tu", "we")},
    {.name = "password", .type = GRUVID_SECRET},
    GRUVID_OPTIONS_END,
};

static const gruvid_option_t needy[] = {
    {.name = "name", .required = true},
    {.name = "peer", .type = GRUVID_ADDRESS, .required = true},
    {.name = "names", .type = GRUVID_LIST, .required = true},
    {.name = NULL},
};

static const gruvid_option_t heartbeat[] = {
    {.name = "interval",
     .type = GRUVID_DURATION,
     .default_value = "10s",
     .min = "1ms"},
    {.name = "message", .default_value = "still alive"},
    {.name = "count", .type = GRUVID_INTEGER, .default_value = "0", .min = "0"},
    GRUVID_OPTIONS_END,
};

static const gruvid_option_t http[] = {
    {.name = "route", .type = GRUVID_ROUTE},
    {.name = "max_line", .type = GRUVID_SIZE},
    {.name = "max_headers", .type = GRUVID_SIZE},
    {.name = "header_timeout", .type = GRUVID_DURATION},
    {.name = "body_rate", .type = GRUVID_SIZE},
    {.name = "write_timeout", .type = GRUVID_DURATION},
    {.name = "keepalive_timeout", .type = GRUVID_DURATION},
    {.name = "max_requests", .type = GRUVID_INTEGER},
    {.name = "event_comment", .type = GRUVID_DURATION},
    {.name = "access_log"},
    {.name = "compress", .type = GRUVID_LIST},
    {.name = "compress_types", .type = GRUVID_LIST},
    {.name = "compress_least", .type = GRUVID_SIZE},
    {.name = "gzip_level", .type = GRUVID_INTEGER},
    {.name = "zstd_level", .type = GRUVID_INTEGER},
    GRUVID_OPTIONS_END,
};

static const gruvid_option_t leads[] = {
    {.name = "route", .type = GRUVID_TARGET},
    GRUVID_OPTIONS_END,
};

static const gruvid_option_t dashboard[] = {
    {.name = "host", .type = GRUVID_LIST},
    {.name = "token", .type = GRUVID_SECRET},
    {.name = "interval", .type = GRUVID_DURATION},
    GRUVID_OPTIONS_END,
};

static const gruvid_option_t broken_name[] = {{.name = "Bad"}, {.name = NULL}};
static const gruvid_option_t broken_twice[] = {
    {.name = "a"}, {.name = "b"}, {.name = "a"}, {.name = NULL}};
static const gruvid_option_t broken_reserved[] = {{.name = "listen"},
                                                  {.name = NULL}};
static const gruvid_option_t broken_type[] = {
    {.name = "a", .type = (gruvid_option_type_t)77}, {.name = NULL}};
static const gruvid_option_t broken_default[] = {
    {.name = "a", .type = GRUVID_INTEGER, .default_value = "x"},
    {.name = NULL}};
static const gruvid_option_t broken_min[] = {
    {.name = "a", .type = GRUVID_SIZE, .min = "-1"}, {.name = NULL}};
static const gruvid_option_t broken_limits[] = {
    {.name = "a", .type = GRUVID_SIZE, .min = "2K", .max = "1K"},
    {.name = NULL}};
static const gruvid_option_t broken_string[] = {{.name = "a", .min = "2"},
                                                {.name = NULL}};
static const gruvid_option_t broken_required[] = {
    {.name = "a", .required = true, .default_value = "x"}, {.name = NULL}};

static const struct module {
    const char *name;
    const gruvid_option_t *options;
} modules[] = {
    {"every", every},
    {"needy", needy},
    {"heartbeat", heartbeat},
    {"http", http},
    {"dashboard", dashboard},
    {"leads", leads},
    {"broken-name", broken_name},
    {"broken-twice", broken_twice},
    {"broken-reserved", broken_reserved},
    {"broken-type", broken_type},
    {"broken-default", broken_default},
    {"broken-min", broken_min},
    {"broken-limits", broken_limits},
    {"broken-string", broken_string},
    {"broken-required", broken_required},
};

static const gruvid_option_t *
find_options(const char *module)
{
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        if (strcmp(modules[i].name, module) == 0)
            return modules[i].options;
    }
    return NULL;
}

static int
check_plugins(gruvid__config_t *config)
{
    gruvid__section_t *s = NULL;
    int err = 0;

    while (err == 0 && (s = gruvid__config_next_plugin(config, s)) != NULL) {
        const char *module = gruvid__section_module(s);

        if (module == NULL)
            continue;
        if (strcmp(module, "missing") == 0)
            gruvid__section_error(s, "module", "missing.so: not there");
        else
            err = gruvid__config_check_plugin(config, s, find_options(module),
                                              sizeof(gruvid_option_t));
    }
    return err;
}

static void
dump_value(const gruvid__value_t *value)
{
    const char *name = value->option->name;

    if (value->list != NULL) {
        if (value->list_length == 0)
            printf("%s empty\n", name);
        for (size_t i = 0; i < value->list_length; i++)
            printf("%s[%zu] = \"%s\"\n", name, i, value->list[i]);
        return;
    }
    if (value->text == NULL) {
        printf("%s unset %s:%u\n", name, value->file, value->line);
        return;
    }
    printf("%s = \"%s\"", name, value->text);
    switch (value->option->type) {
    case GRUVID_BOOL:
        printf(" %s", value->as.boolean ? "true" : "false");
        break;
    case GRUVID_INTEGER:
        printf(" %" PRId64, value->as.integer);
        break;
    case GRUVID_SIZE:
        printf(" %" PRIu64, value->as.size);
        break;
    case GRUVID_NUMBER:
    case GRUVID_DURATION:
        printf(" %.9g", value->as.number);
        break;
    default:
        break;
    }
    printf(" %s:%u\n", value->file, value->line);
}

static void
dump_table(const gruvid__table_t *table)
{
    for (size_t i = 0; table->values != NULL && i < table->length; i++) {
        if (table->values[i].file != NULL)
            dump_value(&table->values[i]);
    }
}

static void
dump(gruvid__config_t *config)
{
    for (gruvid__section_t *s = config->sections; s != NULL; s = s->next) {
        printf("[%s]\n", s->name);
        dump_table(&s->own);
        dump_table(&s->extra);
    }
}

static void
print_key(const char *section, const gruvid__key_t *key)
{
    const gruvid_option_t *o = &key->option;

    printf("%s|%s|%s|%s|", section, o->name, gruvid__type_name(o->type),
           o->default_value != NULL ? o->default_value : "");
    for (const char *const *c = o->choices; c != NULL && *c != NULL; c++)
        printf("%s%s", *c, c[1] != NULL ? " " : "");
    printf("|%s|%s\n", o->min != NULL ? o->min : "",
           o->max != NULL ? o->max : "");
}

static void
print_tables(void)
{
    for (const gruvid__builtin_t *b = gruvid__builtins; b->name != NULL; b++) {
        for (size_t i = 0; i < b->table.length; i++)
            print_key(b->name, &b->table.keys[i]);
    }
    for (size_t i = 0; i < gruvid__plugin_keys.length; i++)
        print_key("plugin NAME", &gruvid__plugin_keys.keys[i]);
}

int
main(int argc, char **argv)
{
    gruvid__config_t *config;
    bool mistakes;

    gruvid__owner_trust(); /* a checkout may be anybody's */
    if (argc == 2 && strcmp(argv[1], "tables") == 0) {
        print_tables();
        return EXIT_SUCCESS;
    }
    if (argc < 3 ||
        (strcmp(argv[1], "check") != 0 && strcmp(argv[1], "dump") != 0)) {
        fputs("usage: config_tool check|dump FILE [OVERRIDE]... | tables\n",
              stderr);
        return 2;
    }
    if (gruvid__config_load(&config, argv[2], (const char *const *)argv + 3,
                            (size_t)argc - 3) < 0 ||
        check_plugins(config) < 0) {
        fputs("config_tool: out of memory\n", stderr);
        return 2;
    }
    gruvid__config_print_mistakes(config, stdout);
    mistakes = gruvid__config_mistakes(config) > 0;
    if (!mistakes && strcmp(argv[1], "dump") == 0)
        dump(config);
    gruvid__config_free(config);
    return mistakes ? EXIT_FAILURE : EXIT_SUCCESS;
}
