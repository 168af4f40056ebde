/* SPDX-License-Identifier: MIT */
/*
 * Tables as text, for gruvid --describe:
 *
 *     [pools]: pools of threads, one each a process
 *
 *       cpu_threads = auto
 *           integer or auto, at least 1, at most 1024
 *           threads for computations; auto: as many as cores
 */
#include <string.h>

#include "config/internal.h"

enum { WIDTH = 78 };

/* A paragraph, its lines broken and indented. */
static void
print_wrapped(FILE *out, const char *text)
{
    static const char indent[] = "      ";
    size_t column = 0;

    while (*text != '\0') {
        size_t word = strcspn(text, " ");

        if (column > 0 && column + 1 + word <= WIDTH) {
            fputc(' ', out);
            column++;
        } else {
            fprintf(out, "%s%s", column > 0 ? "\n" : "", indent);
            column = sizeof indent - 1;
        }
        fwrite(text, 1, word, out);
        column += word;
        text += word + strspn(text + word, " ");
    }
    if (column > 0)
        fputc('\n', out);
}

static void
print_type(FILE *out, const gruvid__key_t *key)
{
    const gruvid_option_t *option = &key->option;
    bool text = option->type == GRUVID_STRING || option->type == GRUVID_LIST;
    const char *separator = text ? ": " : " or ";

    fprintf(out, "      %s", gruvid__type_name(option->type));
    for (const char *const *c = option->choices; c != NULL && *c != NULL; c++) {
        fprintf(out, "%s%s", separator, *c);
        separator = text ? ", " : " or ";
    }
    if (option->min != NULL)
        fprintf(out, ", at least %s", option->min);
    if (option->max != NULL)
        fprintf(out, ", at most %s", option->max);
    if (key->repeats)
        fputs(", may repeat", out);
    if (option->required)
        fputs(", required", out);
    fputc('\n', out);
}

/* The items of a list's default as the lines they would be in a file. */
static void
print_default(FILE *out, const gruvid__key_t *key)
{
    const char *text = key->option.default_value;

    do {
        size_t length = text != NULL ? strcspn(text, "\n") : 0;
        bool shown = length > 0 && key->option.type != GRUVID_SECRET;

        fprintf(out, "\n  %s =%s%.*s", key->option.name, shown ? " " : "",
                shown ? (int)length : 0, shown ? text : "");
        text = length > 0 && text[length] == '\n' ? text + length + 1 : NULL;
    } while (text != NULL && *text != '\0');
    fputc('\n', out);
}

static void
print_key(FILE *out, const gruvid__key_t *key)
{
    print_default(out, key);
    print_type(out, key);
    if (key->option.help != NULL)
        print_wrapped(out, key->option.help);
}

static void
print_table(FILE *out, const char *name, const char *help,
            const gruvid__table_t *table)
{
    fprintf(out, "[%s]: %s\n", name, help);
    for (size_t i = 0; i < table->length; i++)
        print_key(out, &table->keys[i]);
}

void
gruvid__describe_builtin(FILE *out)
{
    for (const gruvid__builtin_t *b = gruvid__builtins; b->name != NULL; b++) {
        print_table(out, b->name, b->help, &b->table);
        fputc('\n', out);
    }
    print_table(out, "plugin NAME", "what gruvid does for every plugin",
                &gruvid__plugin_keys);
    for (size_t i = 0; i < gruvid__request_keys.length; i++)
        print_key(out, &gruvid__request_keys.keys[i]);
}

void
gruvid__describe_plugin(FILE *out, const char *name, const char *version,
                        const char *summary, const gruvid_option_t *options,
                        size_t option_size)
{
    gruvid__key_t key;
    size_t i;

    fprintf(out, "[plugin %s]", name);
    if (version != NULL)
        fprintf(out, " version %s", version);
    if (summary != NULL)
        fprintf(out, ": %s", summary);
    fputc('\n', out);
    for (i = 0; gruvid__option_at(options, option_size, i, &key); i++)
        print_key(out, &key);
    if (i == 0)
        fputs("\n  no options of its own\n", out);
}
