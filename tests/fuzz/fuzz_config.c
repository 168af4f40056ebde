/* SPDX-License-Identifier: MIT */
/*
 * A configuration out of nothing: any bytes as a file, and any lines as
 * overrides, all the way to the text of the mistakes.
 *
 * Includes are left out: the fuzzer would read its way through the machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvi/error.h>
#include <gruvi/tls.h>

#include "config/internal.h"

/* TLS is OpenSSL's; the fuzzer would make it read what lies around. */
gruvi_tls_t *
gruvi_tls_new(const gruvi_tls_options_t *ignored)
{
    (void)ignored;
    return NULL;
}

gruvi_tls_t *
gruvi_tls_ref(gruvi_tls_t *tls)
{
    return tls;
}

void
gruvi_tls_unref(gruvi_tls_t *tls)
{
    (void)tls;
}

int
gruvi_last_error(void)
{
    return UV_ENOENT;
}

const char *
gruvi_error_message(void)
{
    return "key: no such entry";
}

const char *
gruvi_strerror(int err)
{
    return strerror(-err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const words[] = {"never", "ever", NULL};

static const gruvid_option_t options[] = {
    {.name = "text", .default_value = "x"},
    {.name = "word", .choices = words},
    {.name = "flag", .type = GRUVID_BOOL},
    {.name = "count", .type = GRUVID_INTEGER, .min = "-5", .max = "5"},
    {.name = "ratio", .type = GRUVID_NUMBER, .min = "-0.5"},
    {.name = "room", .type = GRUVID_SIZE, .max = "1G"},
    {.name = "pause", .type = GRUVID_DURATION, .choices = words},
    {.name = "peer", .type = GRUVID_ADDRESS},
    {.name = "names", .type = GRUVID_LIST, .default_value = "a\nb"},
    {.name = "secret", .type = GRUVID_SECRET, .required = true},
    GRUVID_OPTIONS_END,
};

/* Ask for everything, as the daemon would. */
static void
ask(gruvid__section_t *section)
{
    gruvid__table_t *tables[] = {&section->own, &section->extra};

    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < tables[t]->length; i++) {
            const char *key = tables[t]->keys[i].option.name;
            const char *text = gruvid__section_string(section, key);
            const char *const *item;

            if (text != NULL && strlen(text) > GRUVID__MAX_LINE)
                abort();
            item = gruvid__section_list(section, key, NULL);
            while (*item != NULL)
                item++;
        }
    }
}

static void
finish(gruvid__config_t *config)
{
    static FILE *null;
    gruvid__section_t *s = NULL;

    if (null == NULL)
        null = fopen("/dev/null", "w");
    while ((s = gruvid__config_next_plugin(config, s)) != NULL) {
        gruvid__config_check_plugin(config, s, options, sizeof *options);
        ask(s);
    }
    gruvid__config_print_mistakes(config, null);
    gruvid__config_free(config);
}

static void
fuzz_file(const char *text, size_t length)
{
    gruvid__config_t *config = gruvid__config_new();
    const gruvid__file_t *file = gruvid__config_add_file(config, "file", 0, 0);

    gruvid__config_parse(config, file->name, text, length);
    gruvid__config_check(config);
    finish(config);
}

static void
fuzz_overrides(const char *data, size_t size)
{
    const char *overrides[64];
    char *text = calloc(1, size + 1), *line, *rest;
    gruvid__config_t *config;
    size_t n = 0;

    memcpy(text, data, size);
    for (line = strtok_r(text, "\n", &rest); line != NULL && n < 64;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strstr(line, "include") == NULL)
            overrides[n++] = line;
    }
    if (gruvid__config_load(&config, NULL, overrides, n) == 0)
        finish(config);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == '!')
        fuzz_overrides((const char *)data + 1, size - 1);
    else
        fuzz_file((const char *)data, size);
    return 0;
}
