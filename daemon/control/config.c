/* SPDX-License-Identifier: MIT */
/* "config": the configuration that holds, with where each value was set. */
#include <stdlib.h>
#include <string.h>

#include "control/commands.h"
#include "control/text.h"

static json_t *
show_text(const struct gruvid__setting *setting, const char *text)
{
    char *masked;
    json_t *shown;

    if (text == NULL)
        return json_null();
    if (setting->secret)
        return json_string("***");
    masked = gruvid__config_mask(text);
    shown = masked == NULL ? NULL : gruvid__json_text(masked);
    free(masked);
    return shown;
}

static json_t *
show_value(const struct gruvid__setting *setting)
{
    json_t *list;

    if (!setting->repeats)
        return show_text(setting, setting->value->text);
    list = json_array();
    for (size_t i = 0; i < setting->value->list_length; i++)
        json_array_append_new(list,
                              show_text(setting, setting->value->list[i]));
    return list;
}

static void
show_setting(const struct gruvid__setting *setting, void *arg)
{
    const gruvid__value_t *value = setting->value;
    json_t *shown = json_pack(
        "{s:o, s:o, s:o}", "section", gruvid__json_text(setting->section),
        "key", gruvid__json_text(setting->key), "value", show_value(setting));

    if (shown != NULL && setting->secret)
        json_object_set_new(shown, "secret", json_true());
    if (shown != NULL && value->file != NULL) {
        json_object_set_new(shown, "file", gruvid__json_text(value->file));
        json_object_set_new(shown, "line", json_integer(value->line));
    }
    json_array_append_new(arg, shown);
}

static bool
is_text(const json_t *object, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL && strcmp(value, text) == 0;
}

/* A value that waits for a restart: what runs instead. */
static void
add_running(void *arg, const char *section, const char *key, const char *now,
            const char *then)
{
    json_t *settings = arg;

    (void)then;
    for (size_t i = 0; i < json_array_size(settings); i++) {
        json_t *setting = json_array_get(settings, i);

        if (is_text(setting, "section", section) &&
            is_text(setting, "key", key))
            json_object_set_new(setting, "runs", gruvid__json_text(now));
    }
}

static GRUVI_SWITCHPOINT int
answer_config(struct gruvid__request *request)
{
    json_t *settings = json_array();

    if (settings == NULL)
        return UV_ENOMEM;
    gruvid__config_show(request->daemon->config, show_setting, settings);
    gruvid__config_each_change(request->daemon->first_config,
                               request->daemon->config, GRUVID__CHANGED_PROCESS,
                               add_running, settings);
    return gruvid__answer_list(request, "settings", settings);
}

const struct gruvid__command gruvid__command_config = {
    .name = "config",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .handler = answer_config,
};
