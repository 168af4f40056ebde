/* SPDX-License-Identifier: MIT */
/*
 * "check": what gruvid would say of a file.  First what can be read in it, by
 * the code that gruvid reads it with.  Where that is fine, a gruvid opens it,
 * in a process of its own, because code of the plugin runs then.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gruvid-plugin/child.h"
#include "gruvid-plugin/frames.h"
#include "gruvid-plugin/plugin_tool.h"
#include "module/clash.h"
#include "module/image.h"
#include "module/note.h"
#include "module/trial.h"

#define SECONDS 30.0 /* that code which runs when it is loaded may take */

struct check {
    const char *path;
    unsigned findings;
};

static void __attribute__((format(printf, 2, 3)))
find(struct check *check, const char *format, ...)
{
    va_list args;

    check->findings++;
    va_start(args, format);
    printf("%s: ", check->path);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

/* --- what is in the file -------------------------------------------------- */

static void
check_text(struct check *check, const struct gruvid__image *image)
{
    const ElfW(Dyn) *flags = gruvid__image_dynamic(image, DT_FLAGS);
    bool written = gruvid__image_dynamic(image, DT_TEXTREL) != NULL ||
                   (flags != NULL && (flags->d_un.d_val & DF_TEXTREL) != 0);

    for (unsigned i = 0; i < image->n_segments; i++)
        if (image->segments[i].p_type == PT_LOAD &&
            (image->segments[i].p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
            written = true;
    if (written)
        find(check, "its code is writable, at least while it is loaded: "
                    "compile all of it with -fPIC, and link without -z notext "
                    "and -N");
}

/* Returns whether gruvid would open it. */
static bool
check_image(struct check *check, int fd)
{
    struct gruvid__image *image;
    char why[512];

    if (gruvid__image_open(&image, fd, why, sizeof why) < 0) {
        find(check, "%s", why);
        return false;
    }
    check_text(check, image);
    if (frames_lack_pointers(image))
        find(check, "its functions keep no frame pointer, so that stacks of "
                    "its fibers cannot be shown: compile it with "
                    "-fno-omit-frame-pointer");
    if (gruvid__clash_seen(check->path))
        find(check, "it was compiled without -fstack-clash-protection: a "
                    "function with a large frame can overrun the guard of its "
                    "stack");
    gruvid__image_free(image);
    return true;
}

static bool
check_file(struct check *check)
{
    int fd = open(check->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct gruvid__abi abi;
    char why[512];
    bool good = false;

    if (fd < 0) {
        find(check, "%s", strerror(errno));
        return false;
    }
    if (gruvid__note_read(&abi, fd, why, sizeof why) < 0) {
        find(check, "%s", why);
    } else if (!gruvid__abi_accepts(&gruvid__abi, &abi, why, sizeof why)) {
        find(check, "%s", why);
        check_image(check, fd);
    } else {
        printf("%s: made for plugin ABI %u.%u; gruvid has %u.%u\n", check->path,
               abi.major, abi.minor, gruvid__abi.major, gruvid__abi.minor);
        good = check_image(check, fd);
    }
    close(fd);
    return good;
}

/* --- what gruvid says ----------------------------------------------------- */

/* Behind "gruvid: " and the path that gruvid has made of ours. */
static const char *
reason_in(const char *line, const char *name)
{
    char file[48];
    const char *at;

    snprintf(file, sizeof file, "/%s.so: ", name);
    at = strstr(line, file);
    if (at != NULL)
        return at + strlen(file);
    return strncmp(line, "gruvid: ", 8) == 0 ? line + 8 : line;
}

/* What a program writes, as far as there is room, until it has closed its
 * output; false: it has not, after so long. */
static bool
read_output(int fd, char *buf, size_t size, double seconds)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    time_t deadline = time(NULL) + (time_t)seconds;
    size_t n = 0;
    ssize_t got = 1;

    while (got > 0 && n < size - 1 && time(NULL) <= deadline)
        if (poll(&pfd, 1, 1000) > 0) {
            got = read(fd, buf + n, size - 1 - n);
            n += got > 0 ? (size_t)got : 0;
        }
    buf[n] = '\0';
    return got <= 0 || n == size - 1;
}

static void
print_output(struct check *check, const char *name, char *output)
{
    char *rest = output;

    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (strncmp(line, "gruvid: ", 8) == 0)
            find(check, "%s", reason_in(line, name));
        else if (*line != '\0' || rest != NULL)
            puts(line);
}

/* Print what "gruvid --describe" prints: the options, or why there are none. */
static void
describe(struct check *check, const char *name, const char *option)
{
    char *const argv[] = {(char *)place_of_gruvid(),
                          (char *)"--trust-files",
                          (char *)"-c",
                          (char *)"/dev/null",
                          (char *)"-o",
                          (char *)option,
                          (char *)"--describe",
                          (char *)name,
                          NULL};
    static char output[64 << 10];
    struct child_plan plan = {.argv = argv, .both = true};
    int fds[2], status = 0;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        find(check, "%s", strerror(errno));
        return;
    }
    plan.output = fds[1];
    fflush(stdout);
    pid = child_begin(&plan);
    close(fds[1]);
    if (pid < 0 || !read_output(fds[0], output, sizeof output, SECONDS))
        find(check, "gruvid does not end when it is to print the options");
    else
        print_output(check, name, output);
    close(fds[0]);
    if (pid > 0)
        status = child_stop(pid);
    if (status != 0 && check->findings == 0)
        find(check, "%s has failed: %s", argv[0], output);
}

static void
check_opening(struct check *check, const char *name)
{
    const char *slash = strrchr(check->path, '/');
    char *folder = slash == NULL ? strdup(".")
                   : slash == check->path
                       ? strdup("/")
                       : strndup(check->path, (size_t)(slash - check->path));
    char *whole = folder != NULL ? realpath(folder, NULL) : NULL;
    char why[512], option[PATH_MAX + 32];

    if (whole == NULL || strpbrk(whole, "\"\\\n") != NULL)
        find(check, "its folder has a name that cannot be given to gruvid");
    else if (gruvid__trial(place_of_gruvid(), whole, name, SECONDS, why,
                           sizeof why) < 0)
        find(check, "%s", why);
    else {
        snprintf(option, sizeof option, "gruvid.plugin_dir=\"%s\"", whole);
        describe(check, name, option);
    }
    free(whole);
    free(folder);
}

enum status
check_main(int argc, char **argv)
{
    struct check check = {.path = argc > 1 ? argv[1] : NULL};
    char name[40];

    if (argc != 2 || argv[1][0] == '-')
        return USAGE;
    if (check_file(&check)) {
        if (name_of_plugin(name, check.path))
            check_opening(&check, name);
        else
            check.findings++;
    }
    if (check.findings == 0)
        printf("%s: nothing is wrong\n", check.path);
    return check.findings == 0 ? DONE : FAILED;
}
