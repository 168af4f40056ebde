/* SPDX-License-Identifier: MIT */
/*
 * Which texts make the configuration, and in which order:
 *
 *     gruvid.conf                     first
 *     the files that it includes      in the order of its lines; those of a
 *                                     line in lexical order
 *     -o                              last, so it wins
 *
 * A file is read once, at its first mention: "include = *.conf" beside
 * gruvid.conf does not read gruvid.conf again.
 */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "config/internal.h"
#include "os/owner.h"

#define RUN_BEGINS GRUVID__RUN " "

/* glob() recurses once for each folder from the first wildcard on. */
enum { MAX_DEPTH = 8 };

/* One -o, split. */
struct override {
    struct override *next;
    const char *section;
    gruvid__entry_t entry;
};

/* Links may lead back, and then there are as many folders as a pattern has
 * levels, to the power of that. */
enum { MAX_FOLDERS = 1000 };
static _Thread_local unsigned n_folders;

/* Why glob() gave up: its callback has no argument for this. */
static _Thread_local int glob_error;

const char *
gruvid__config_default_path(void)
{
    return GRUVID_CONFDIR "/gruvid.conf";
}

static const char *
explain(int err)
{
    switch (err) {
    case UV_EFBIG:
        return "the file is too large; 4 MiB are the most";
    case UV_EISDIR:
        return "it is a directory";
    case UV_EPIPE:
        return "it is a FIFO, and no program writes to it";
    default:
        return strerror(-err);
    }
}

static bool
is_known(const gruvid__config_t *config, const gruvid__content_t *content)
{
    const gruvid__file_t *f;

    for (f = config->files; f != NULL; f = f->next) {
        if (f->dev == content->dev && f->ino == content->ino && f->ino != 0)
            return true;
    }
    return false;
}

/* Root reads only what root, or the user that has started gruvid, can have
 * written. */
static int
read_text(gruvid__config_t *config, gruvid__content_t *content,
          const char *path, gruvid__why_t *why)
{
    int err = gruvid__owner_check(path, why->text, sizeof why->text);

    if (err == 0) {
        err =
            gruvid__config_read(config, content, path, GRUVID__MAX_FILE, false);
        if (err < 0)
            gruvid__why(why, "%s", explain(err));
    }
    if (err == UV_ENOMEM)
        config->no_memory = true;
    return err;
}

/* The caller reports an error: it knows which line asked for the file. */
static int
read_config(gruvid__config_t *config, const char *path, gruvid__why_t *why)
{
    gruvid__content_t content;
    const gruvid__file_t *file;
    int err = read_text(config, &content, path, why);

    if (err < 0)
        return err;
    if (!is_known(config, &content)) {
        file = gruvid__config_add_file(config, path, content.dev, content.ino);
        if (file != NULL)
            gruvid__config_parse(config, file->name, content.text,
                                 content.length);
    }
    gruvid__content_free(&content);
    return config->no_memory ? UV_ENOMEM : 0;
}

static void __attribute__((format(printf, 3, 4)))
include_error(gruvid__config_t *config, const gruvid__entry_t *entry,
              const char *format, ...)
{
    gruvid__why_t why;
    va_list args;

    va_start(args, format);
    vsnprintf(why.text, sizeof why.text, format, args);
    va_end(args);
    gruvid__config_error(config, entry->file, entry->line, "gruvid", entry->key,
                         "%s", why.text);
}

static void
include_file(gruvid__config_t *config, const gruvid__entry_t *entry,
             const char *path)
{
    gruvid__why_t why;
    int err = read_config(config, path, &why);

    if (err < 0 && err != UV_ENOMEM)
        include_error(config, entry, "%s: %s", path, why.text);
}

/* The path of an include: relative to the file that has it; of -o, to where
 * gruvid was started.  Wildcards in the folder's own name are escaped: only the
 * user's count. */
static char *
include_path(gruvid__config_t *config, const gruvid__entry_t *entry,
             bool escape)
{
    const char *slash = strrchr(entry->file, '/');
    const char *folder = entry->file;
    char *path, *to;

    path = gruvid__config_alloc(
        config, 2 * strlen(entry->file) + strlen(entry->text) + 2, 1);
    if (path == NULL)
        return NULL;
    to = path;
    if (slash != NULL && entry->text[0] != '/') {
        while (folder <= slash) {
            if (escape && strchr("*?[\\", *folder) != NULL)
                *to++ = '\\';
            *to++ = *folder++;
        }
    }
    stpcpy(to, entry->text);
    return path;
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
on_glob_error(const char *path, int err)
{
    (void)path;
    glob_error = err;
    return err != ENOENT; /* a missing folder matches nothing */
}

static void *
open_folder(const char *path)
{
    if (++n_folders > MAX_FOLDERS) {
        errno = ELOOP;
        return NULL;
    }
    return opendir(path);
}

static struct dirent *
read_folder(void *folder)
{
    return readdir(folder);
}

static void
close_folder(void *folder)
{
    closedir(folder);
}

static void
include_glob(gruvid__config_t *config, const gruvid__entry_t *entry)
{
    const char *wildcard = entry->text + strcspn(entry->text, "*?[");
    char *pattern = include_path(config, entry, true);
    unsigned depth = 0;
    glob_t found = {.gl_opendir = open_folder,
                    .gl_readdir = read_folder,
                    .gl_closedir = close_folder,
                    .gl_lstat = lstat,
                    .gl_stat = stat};
    int err;

    for (const char *s = wildcard; *s != '\0'; s++)
        depth += *s == '/';
    if (depth > MAX_DEPTH) {
        include_error(config, entry, "too many folders after the wildcard");
        return;
    }
    if (pattern == NULL)
        return;
    /* glob() itself sorts by the locale. */
    n_folders = 0;
    err = glob(pattern, GLOB_NOSORT | GLOB_ALTDIRFUNC, on_glob_error, &found);
    if (err == GLOB_NOSPACE || (err == GLOB_ABORTED && glob_error == ENOMEM)) {
        config->no_memory = true;
    } else if (err == GLOB_ABORTED) {
        include_error(config, entry, "%s: %s", entry->text,
                      n_folders > MAX_FOLDERS
                          ? "more than 1000 folders match; links may lead back"
                          : strerror(glob_error));
    } else if (err == 0) {
        qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv,
              compare_paths);
        for (size_t i = 0; i < found.gl_pathc; i++)
            include_file(config, entry, found.gl_pathv[i]);
    }
    globfree(&found);
}

static void
include(gruvid__config_t *config, const gruvid__entry_t *entry)
{
    if (*entry->text == '\0')
        return;
    if (strlen(entry->text) >= PATH_MAX) {
        include_error(config, entry, "the path is too long");
    } else if (entry->text[strcspn(entry->text, "*?[")] != '\0') {
        include_glob(config, entry);
    } else {
        const char *path = include_path(config, entry, false);

        if (path != NULL)
            include_file(config, entry, path);
    }
}

static bool
is_include(const gruvid__entry_t *entry)
{
    return strcmp(entry->key, "include") == 0;
}

static bool
include_overrides(gruvid__config_t *config, const struct override *o)
{
    bool some = false;

    for (; o != NULL; o = o->next) {
        if (strcmp(o->section, "gruvid") == 0 && is_include(&o->entry)) {
            include(config, &o->entry);
            some = true;
        }
    }
    return some;
}

/* The includes of the first file, or of -o in their place. */
static void
read_includes(gruvid__config_t *config, const struct override *overrides)
{
    gruvid__section_t *gruvid = gruvid__config_section(config, "gruvid");
    gruvid__entry_t **first_end = gruvid->entries_end;

    if (!include_overrides(config, overrides)) {
        for (gruvid__entry_t **e = &gruvid->entries; e != first_end;
             e = &(*e)->next) {
            if (is_include(*e))
                include(config, *e);
        }
    }
    for (const gruvid__entry_t *e = *first_end; e != NULL; e = e->next) {
        if (is_include(e))
            include_error(config, e, "an included file cannot include");
    }
}

/* Cut argument at its equals sign and at the last dot before that. */
static bool
cut_override(char *argument, struct override *o, char **value)
{
    char *equals = strchr(argument, '='), *end = equals, *dot;

    if (equals == NULL)
        return false;
    while (end > argument && gruvid__is_blank(end[-1]))
        end--;
    *end = '\0';
    *value = equals + 1;
    dot = strrchr(argument, '.');
    if (dot == NULL || dot == argument || !gruvid__is_key(dot + 1))
        return false;
    *dot = '\0';
    o->section = argument;
    o->entry.key = dot + 1;
    return true;
}

bool
gruvid__is_override_sound(const char *argument)
{
    char *text = strdup(argument), *value;
    struct override o;
    bool sound = text == NULL || cut_override(text, &o, &value);

    free(text);
    return sound;
}

/*
 * "plugin echo.listen=tcp://[::1]:0".  The value is as in a file, but without
 * comments: the shell has them already.  What --run has made of its arguments
 * begins with its name.
 */
static struct override *
split_override(gruvid__config_t *config, const char *argument, unsigned number)
{
    const bool run = strncmp(argument, RUN_BEGINS, strlen(RUN_BEGINS)) == 0;
    const char *rest = run ? argument + strlen(RUN_BEGINS) : argument;
    const char *file = run ? GRUVID__RUN : GRUVID__OVERRIDES;
    struct override *o = gruvid__config_alloc(config, 1, sizeof *o);
    char *text = gruvid__config_text(config, rest, strlen(rest));
    char *value = NULL;
    gruvid__shown_t shown;
    gruvid__why_t why;

    if (o == NULL || text == NULL)
        return NULL;
    if (!cut_override(text, o, &value)) {
        /* The text behind the equals sign, or all of it, may be a secret. */
        gruvid__shown(&shown, value != NULL ? text : "...");
        gruvid__config_error(config, GRUVID__OVERRIDES, number, NULL, NULL,
                             "\"%s\" is not of the form section.key=value",
                             shown.text);
        return NULL;
    }
    if (!gruvid__unquote(value, false, false, &value, &why)) {
        gruvid__config_error(config, file, number, o->section, o->entry.key,
                             "%s", why.text);
        return NULL;
    }
    o->entry.file = file;
    o->entry.line = number;
    o->entry.text = value;
    return o;
}

static struct override *
split_overrides(gruvid__config_t *config, const char *const *arguments,
                size_t n)
{
    struct override *first = NULL, **end = &first;

    for (size_t i = 0; i < n; i++) {
        *end = split_override(config, arguments[i], (unsigned)i + 1);
        if (*end != NULL)
            end = &(*end)->next;
    }
    return first;
}

static void
apply_overrides(gruvid__config_t *config, const struct override *o)
{
    for (; o != NULL; o = o->next) {
        const gruvid__entry_t *e = &o->entry;
        gruvid__section_t *section;

        section =
            gruvid__config_add_section(config, o->section, e->file, e->line);
        if (section == NULL)
            return;
        if (section->file == NULL) {
            section->file = e->file;
            section->line = e->line;
        }
        gruvid__section_add(section, e->file, e->line, e->key, e->text);
    }
}

static void
load(gruvid__config_t *config, const char *path, const char *const *arguments,
     size_t n)
{
    struct override *overrides = split_overrides(config, arguments, n);
    gruvid__why_t why;
    int err = path != NULL ? read_config(config, path, &why) : 0;

    if (err < 0 && err != UV_ENOMEM)
        gruvid__config_error(config, path, 0, NULL, NULL, "%s", why.text);
    if (!config->no_memory)
        read_includes(config, overrides);
    apply_overrides(config, overrides);
    if (!config->no_memory)
        gruvid__config_check(config);
}

int
gruvid__config_load(gruvid__config_t **config, const char *path,
                    const char *const *overrides, size_t n_overrides)
{
    return gruvid__config_load_again(config, NULL, path, overrides,
                                     n_overrides);
}

int
gruvid__config_load_again(gruvid__config_t **config, gruvid__config_t *before,
                          const char *path, const char *const *overrides,
                          size_t n_overrides)
{
    *config = gruvid__config_new();
    if (*config == NULL)
        return UV_ENOMEM;
    (*config)->before = before;
    load(*config, path, overrides, n_overrides);
    if (!(*config)->no_memory)
        return 0;
    gruvid__config_free(*config);
    *config = NULL;
    return UV_ENOMEM;
}
