/* SPDX-License-Identifier: MIT */
/* The command line of gruvid-plugin. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gruvid-plugin/plugin_tool.h"

static const struct {
    const char *name, *arguments, *help;
    enum status (*run)(int argc, char **argv);
} commands[] = {
    {"new", "NAME [--cxx] [--request]", "make a folder for a new plugin",
     new_main},
    {"run", "[-c FILE] NAME.so COMMAND [ARGUMENT]...",
     "serve it while a command runs", run_main},
    {"watch", "[-c FILE] [--make MAKE] NAME.so", "serve it, and take each edit",
     watch_main},
    {"check", "NAME.so", "say what gruvid would say of it", check_main},
};

#define N_COMMANDS (sizeof commands / sizeof *commands)

enum status
complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fflush(stdout);
    fputs("gruvid-plugin: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return FAILED;
}

bool
is_plugin_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strlen(name);

    return length > 0 && length <= 32 && strspn(name, letters) == length &&
           name[0] != '_' && name[0] != '-';
}

bool
name_of_plugin(char name[40], const char *path)
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    size_t length = strlen(file);

    if (length > 3 && length < 40 && strcmp(file + length - 3, ".so") == 0) {
        snprintf(name, 40, "%.*s", (int)length - 3, file);
        if (is_plugin_name(name))
            return true;
    }
    complain("%s: the file of a plugin is called NAME.so", path);
    return false;
}

static void
print_help(FILE *out)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "%s gruvid-plugin %s %s\n", i == 0 ? "usage:" : "      ",
                commands[i].name, commands[i].arguments);
    fputc('\n', out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-6s %s\n", commands[i].name, commands[i].help);
    fputs("\nmanual: gruvid-plugin(1), gruvid-plugin(7)\n", out);
}

static enum status
usage_of(size_t i)
{
    fprintf(stderr, "usage: gruvid-plugin %s %s\n", commands[i].name,
            commands[i].arguments);
    return USAGE;
}

static enum status
act(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";

    if (strcmp(command, "-h") == 0 || strcmp(command, "--help") == 0) {
        print_help(stdout);
        return DONE;
    }
    if (strcmp(command, "--version") == 0) {
        puts("gruvid-plugin " PACKAGE_VERSION);
        return DONE;
    }
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(command, commands[i].name) == 0) {
            enum status status = commands[i].run(argc - 1, argv + 1);

            return status == USAGE ? usage_of(i) : status;
        }
    if (argc > 1)
        complain("there is no command '%s'", command);
    print_help(stderr);
    return USAGE;
}

int
main(int argc, char **argv)
{
    enum status status = act(argc, argv);

    if (fflush(stdout) != 0) {
        complain("the output cannot be written: %s", strerror(errno));
        if (status == DONE)
            status = FAILED;
    }
    return (int)status;
}
