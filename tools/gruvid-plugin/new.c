/* SPDX-License-Identifier: MIT */
/*
 * "new": a folder for a plugin.  It is filled under another name beside the one
 * that was asked for, and gets its name when all of it is written, so that
 * nothing half-made is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gruvid-plugin/plugin_tool.h"

#define MOST ((size_t)64 << 10) /* bytes of a template */

struct order {
    const char *name;
    bool cxx, request;
    char folder[64]; /* while it is filled */
};

/* The files, in the order in which they are made. */
static const struct {
    const char *template; /* %s: connection or request */
    const char *file;     /* %s: the name of the plugin */
    mode_t mode;
    bool c, cxx; /* is for plugins in this language */
} files[] = {
    {"%s.c.in", "%s.c", 0666, true, false},
    {"%s.cc.in", "%s.cc", 0666, false, true},
    {"%s.conf.in", "gruvid.conf", 0666, true, true},
    {"%s.test.in", "%s.test", 0666, true, true},
    {"make.in", "Makefile", 0666, true, true},
    {"meson.in", "meson.build", 0666, true, true},
    {"readme.in", "README.md", 0666, true, true},
    {"ignore.in", ".gitignore", 0666, true, true},
};

#define N_FILES (sizeof files / sizeof *files)

/* --- one file ------------------------------------------------------------- */

/* Returns memory for free(); NULL: it has complained. */
static char *
read_template(const char *name)
{
    char path[4096], *text = malloc(MOST);
    FILE *in;
    size_t n;

    snprintf(path, sizeof path, "%s/%s", place_of_templates(), name);
    in = fopen(path, "re");
    if (text == NULL || in == NULL) {
        complain("%s: %s; it comes with gruvid-plugin, and GRUVID_TEMPLATES "
                 "names another folder",
                 path, strerror(errno));
        free(text);
        if (in != NULL)
            fclose(in);
        return NULL;
    }
    n = fread(text, 1, MOST - 1, in);
    text[n] = '\0';
    fclose(in);
    return text;
}

/* What stands for a word between two @; NULL: it is no such word. */
static const char *
value_of(const struct order *order, const char *word, size_t length)
{
    const struct {
        const char *word, *value;
    } words[] = {
        {"NAME", order->name},
        {"SUFFIX", order->cxx ? "cc" : "c"},
        {"LANGUAGE", order->cxx ? "cpp" : "c"},
        {"FLAGS", order->cxx ? "CXXFLAGS" : "CFLAGS"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == length &&
            strncmp(words[i].word, word, length) == 0)
            return words[i].value;
    return NULL;
}

static void
fill(FILE *out, const struct order *order, const char *text)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "@"), length;
        const char *value = NULL;

        fwrite(text, 1, plain, out);
        text += plain;
        if (*text == '\0')
            return;
        length = strcspn(text + 1, "@\n");
        if (text[1 + length] == '@')
            value = value_of(order, text + 1, length);
        if (value == NULL) {
            fputc(*text++, out);
            continue;
        }
        fputs(value, out);
        text += length + 2;
    }
}

/* The path of a file in the folder that is filled. */
static void
put_path(char *path, size_t size, const struct order *order, size_t i)
{
    int n = snprintf(path, size, "%s/", order->folder);

    snprintf(path + n, size - (size_t)n, files[i].file, order->name);
}

static bool
make_file(const struct order *order, size_t i)
{
    char name[64], path[256], *text;
    FILE *out = NULL;
    bool good;
    int fd;

    snprintf(name, sizeof name, files[i].template,
             order->request ? "request" : "connection");
    text = read_template(name);
    if (text == NULL)
        return false;
    put_path(path, sizeof path, order, i);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, files[i].mode);
    if (fd >= 0)
        out = fdopen(fd, "w");
    if (out != NULL)
        fill(out, order, text);
    free(text);
    good = out != NULL && !ferror(out);
    good = (out == NULL || fclose(out) == 0) && good;
    if (!good)
        complain("%s/%s cannot be written: %s", order->name,
                 path + strlen(order->folder) + 1, strerror(errno));
    return good;
}

/* --- the folder ----------------------------------------------------------- */

static void
remove_all(const struct order *order)
{
    char path[256];

    for (size_t i = 0; i < N_FILES; i++) {
        put_path(path, sizeof path, order, i);
        unlink(path);
    }
    rmdir(order->folder);
}

/* Give it its name, unless somebody has made such a folder meanwhile. */
static bool
give_name(const struct order *order)
{
    mode_t mask = umask(0);

    umask(mask);
    if (chmod(order->folder, 0777 & ~mask) == 0 &&
        renameat2(AT_FDCWD, order->folder, AT_FDCWD, order->name,
                  RENAME_NOREPLACE) == 0)
        return true;
    /* Some file systems have no such flag. */
    if (errno == EINVAL && access(order->name, F_OK) < 0 &&
        rename(order->folder, order->name) == 0)
        return true;
    complain("%s cannot be made: %s", order->name, strerror(errno));
    return false;
}

static bool
make_folder(struct order *order)
{
    bool good = true;

    snprintf(order->folder, sizeof order->folder, ".%s.XXXXXX", order->name);
    if (mkdtemp(order->folder) == NULL) {
        complain("%s cannot be made in this folder: %s", order->name,
                 strerror(errno));
        return false;
    }
    for (size_t i = 0; i < N_FILES && good; i++)
        if (order->cxx ? files[i].cxx : files[i].c)
            good = make_file(order, i);
    if (good && give_name(order))
        return true;
    remove_all(order);
    return false;
}

/* --- the command ---------------------------------------------------------- */

static enum status
check_order(const struct order *order)
{
    struct stat st;

    if (!is_plugin_name(order->name)) {
        complain("'%s' is not the name of a plugin: up to 32 of a-z, 0-9, _ "
                 "and -, the first a letter or a digit",
                 order->name);
        return USAGE;
    }
    if (order->request && strcmp(order->name, "http") == 0)
        return complain("http is the plugin that brings requests: take "
                        "another name");
    if (lstat(order->name, &st) == 0)
        return complain("%s is there already: take another name, or another "
                        "folder to make it in",
                        order->name);
    return DONE;
}

static void
say_what_is_next(const struct order *order)
{
    printf(
        "%s: a plugin that %s, in %s.%s\n"
        "    cd %s\n"
        "    make run      serve it; an edit that is saved is taken at once\n"
        "    make check    test it\n"
        "README.md there has the rest.\n",
        order->name, order->request ? "answers requests" : "serves connections",
        order->name, order->cxx ? "cc" : "c", order->name);
}

enum status
new_main(int argc, char **argv)
{
    struct order order = {0};
    enum status status;
    sigset_t all, before;
    bool made;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--cxx") == 0)
            order.cxx = true;
        else if (strcmp(argv[i], "--request") == 0)
            order.request = true;
        else if (argv[i][0] == '-' || order.name != NULL)
            return USAGE;
        else
            order.name = argv[i];
    if (order.name == NULL)
        return USAGE;
    status = check_order(&order);
    if (status != DONE)
        return status;
    /* Nothing ends it half-way. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    made = make_folder(&order);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (!made)
        return FAILED;
    say_what_is_next(&order);
    return DONE;
}
