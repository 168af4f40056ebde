/* SPDX-License-Identifier: MIT */
/* Routes: options of transports, whose text is read by daemon/route. */
#include "config/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "route/table.h"

static void *
alloc(void *config, size_t n, size_t size)
{
    return gruvid__config_alloc(config, n, size);
}

bool
gruvid__parse_route(gruvid__config_t *config, const char *text,
                    gruvid__why_t *why)
{
    struct gruvid__memory memory = {alloc, config};
    struct gruvid__pattern pattern;

    return gruvid__pattern_parse(&pattern, text, &memory, why->text,
                                 sizeof why->text);
}

/* The section, behind the last arrow; NULL: there is none. */
static const char *
target_of(const char *text)
{
    const char *arrow = NULL;

    for (const char *at = text; (at = strstr(at, "->")) != NULL; at += 2)
        arrow = at;
    return arrow == NULL ? NULL : arrow + 2 + strspn(arrow + 2, " \t");
}

bool
gruvid__parse_target(const char *text, gruvid__why_t *why)
{
    const char *target = target_of(text);
    gruvid__shown_t shown;

    if (target == NULL || text[strspn(text, " \t")] == '-')
        return gruvid__why(why, "it has to be TEXT -> PLUGIN");
    if (!gruvid__is_plugin_name(target))
        return gruvid__why(why, "\"%s\" cannot be the name of a plugin",
                           gruvid__shown(&shown, target));
    return true;
}

void
gruvid__make_routes(gruvid__section_t *section, gruvid__value_t *value)
{
    struct gruvid__memory memory = {alloc, section->config};
    gruvid__why_t why;
    const char *wrong;

    value->routes =
        gruvid__routes_make(value->list, value->list_length, &memory, &wrong,
                            why.text, sizeof why.text);
    if (value->routes == NULL)
        gruvid__item_error(section, value->option->name, wrong, "%s", why.text);
}

void
gruvid__section_set_answers(gruvid__section_t *section)
{
    section->answers = true;
}

static const gruvid__value_t *
find_routes(const gruvid__section_t *section)
{
    const gruvid__table_t *table = &section->extra;

    for (size_t i = 0; table->values != NULL && i < table->length; i++)
        if (table->keys[i].option.type == GRUVID_ROUTE)
            return &table->values[i];
    return NULL;
}

struct gruvid__routes *
gruvid__section_routes(const gruvid__section_t *section)
{
    const gruvid__value_t *value = find_routes(section);

    return value == NULL ? NULL : value->routes;
}

bool
gruvid__section_routes_differ(const gruvid__section_t *a,
                              const gruvid__section_t *b)
{
    const gruvid__value_t *value = find_routes(a);

    return value == NULL || gruvid__section_differs(a, b, value->option->name);
}

/* --- where they lead ------------------------------------------------------ */

static const gruvid__section_t *
find_plugin(const gruvid__config_t *config, const char *name)
{
    const gruvid__section_t *section = config->sections;

    while (section != NULL && (section->kind != GRUVID__PLUGIN ||
                               strcmp(section->plugin, name) != 0))
        section = section->next;
    return section;
}

static void
name_unknown(gruvid__section_t *section, const char *key, const char *item,
             const char *target)
{
    gruvid__suggestion_t s = {.word = target};
    const gruvid__section_t *other = section->config->sections;

    for (; other != NULL; other = other->next)
        if (other->kind == GRUVID__PLUGIN)
            gruvid__suggest(&s, other->plugin);
    if (s.best != NULL)
        gruvid__item_error(section, key, item,
                           "there is no section [plugin %s]; did you mean "
                           "\"%s\"?",
                           target, s.best);
    else
        gruvid__item_error(section, key, item,
                           "there is no section [plugin %s]", target);
}

/* Without openat2() nothing would keep a file within its folder. */
static void
check_folder(gruvid__section_t *section, const char *key, const char *item,
             const char *folder)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, AT_FDCWD, folder, &how, sizeof how);

    if (fd >= 0)
        close((int)fd);
    else if (errno == ENOSYS)
        gruvid__item_error(section, key, item,
                           "static: needs openat2(), which this system has "
                           "not");
    else
        gruvid__item_error(section, key, item, "the folder %s: %s", folder,
                           strerror(errno));
}

static void
check_plugin(gruvid__section_t *section, const char *key, const char *item,
             const char *text, const char *name,
             bool (*answers)(const gruvid__section_t *section))
{
    const gruvid__section_t *target = find_plugin(section->config, name);

    if (target == NULL)
        name_unknown(section, key, item, name);
    else if (!answers(target))
        gruvid__item_error(section, key, item,
                           "%s leads to plugin %s, which does not answer "
                           "requests",
                           text, name);
}

static void
check_target(gruvid__section_t *section, const char *key,
             const struct gruvid__route *route,
             bool (*answers)(const gruvid__section_t *section))
{
    const struct gruvid__pattern *pattern = &route->pattern;

    if (pattern->folder != NULL)
        check_folder(section, key, route->item, pattern->folder);
    else
        check_plugin(section, key, route->item, pattern->text, pattern->target,
                     answers);
}

/* An item without a target is a mistake that was said already. */
static void
check_items(gruvid__section_t *section, const gruvid__value_t *value,
            bool (*answers)(const gruvid__section_t *section))
{
    for (size_t i = 0; i < value->list_length; i++) {
        const char *target = target_of(value->list[i]);

        if (target != NULL && gruvid__is_plugin_name(target))
            check_plugin(section, value->option->name, value->list[i],
                         value->list[i], target, answers);
    }
}

static void
check_value(gruvid__section_t *section, const gruvid__value_t *value,
            bool (*answers)(const gruvid__section_t *section))
{
    const struct gruvid__routes *routes = value->routes;

    if (value->option != NULL && value->option->type == GRUVID_TARGET)
        check_items(section, value, answers);
    for (size_t i = 0; routes != NULL && i < routes->n; i++)
        check_target(section, value->option->name, &routes->at[i], answers);
}

void
gruvid__config_check_routes(gruvid__config_t *config,
                            bool (*answers)(const gruvid__section_t *section))
{
    for (gruvid__section_t *s = config->sections; s != NULL; s = s->next)
        for (size_t i = 0; s->extra.values != NULL && i < s->extra.length; i++)
            check_value(s, &s->extra.values[i], answers);
}
