/* SPDX-License-Identifier: MIT */
/* The folder, the gruvid in it, and their end. */
#include "gruvid-plugin/serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gruvid-plugin/child.h"
#include "gruvid-plugin/plugin_tool.h"

/* How long gruvid may take to stop: it cuts connections at once. */
#define PATIENCE 15.0

/* --- the folder ----------------------------------------------------------- */

/* So short that the path of the control socket is one. */
static bool
make_folder(struct served *served)
{
    const char *places[] = {getenv("TMPDIR"), getenv("XDG_RUNTIME_DIR"),
                            "/tmp"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i] == NULL || places[i][0] != '/' || strlen(places[i]) > 36)
            continue;
        snprintf(served->folder, sizeof served->folder,
                 "%s/gruvid-plugin.XXXXXX", places[i]);
        if (mkdtemp(served->folder) != NULL) {
            snprintf(served->control, sizeof served->control, "%s/control",
                     served->folder);
            return true;
        }
    }
    complain("%s: a folder cannot be made: %s", served->folder,
             strerror(errno));
    served->folder[0] = '\0';
    return false;
}

static void
put_path(const struct served *served, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", served->folder, name);
}

/* The plugins of gruvid, among them http. */
static void
link_plugins(const struct served *served)
{
    char path[PATH_MAX], target[PATH_MAX], *folder;
    DIR *plugins;

    folder = realpath(place_of_plugins(), NULL);
    plugins = folder != NULL ? opendir(folder) : NULL;
    if (plugins == NULL)
        complain("%s: %s; of gruvid's own plugins none is there",
                 place_of_plugins(), strerror(errno));
    for (struct dirent *entry; plugins && (entry = readdir(plugins));) {
        size_t length = strlen(entry->d_name);

        if (entry->d_name[0] == '.' || length <= 3 ||
            strcmp(entry->d_name + length - 3, ".so") != 0 ||
            snprintf(target, sizeof target, "%s/%s", folder, entry->d_name) >=
                PATH_MAX)
            continue;
        put_path(served, entry->d_name, path);
        if (symlink(target, path) < 0)
            complain("%s: %s", path, strerror(errno));
    }
    if (plugins != NULL)
        closedir(plugins);
    free(folder);
}

static void
remove_folder(const struct served *served)
{
    DIR *folder = opendir(served->folder);

    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL)
        closedir(folder);
    rmdir(served->folder);
}

bool
served_prepare(struct served *served, const char *config, const char *file,
               bool any_port)
{
    *served = (struct served){.config = config, .file = file};
    if (!name_of_plugin(served->name, file) || !make_folder(served) ||
        !endpoints_open(&served->endpoints, config, any_port))
        return false;
    link_plugins(served);
    return true;
}

/* --- the plugin ----------------------------------------------------------- */

static bool
copy(int from, int to)
{
    char buf[1 << 16];
    ssize_t n;

    while ((n = read(from, buf, sizeof buf)) > 0)
        for (ssize_t done = 0, m; done < n; done += m) {
            m = write(to, buf + done, (size_t)(n - done));
            if (m < 0)
                return false;
        }
    return n == 0;
}

bool
served_install(struct served *served)
{
    char new[PATH_MAX], path[PATH_MAX], file[48];
    int from = open(served->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), to = -1;
    bool good = from >= 0 && fstat(from, &served->installed) == 0;

    put_path(served, ".new", new);
    snprintf(file, sizeof file, "%s.so", served->name);
    put_path(served, file, path);
    if (good && !S_ISREG(served->installed.st_mode)) {
        errno = EINVAL;
        good = false;
    }
    if (good)
        to = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    good = to >= 0 && copy(from, to);
    good = (to < 0 || close(to) == 0) && good && rename(new, path) == 0;
    if (!good)
        complain("%s cannot be copied to %s: %s", served->file, path,
                 strerror(errno));
    if (from >= 0)
        close(from);
    return good;
}

bool
served_has_news(const struct served *served)
{
    const struct stat *old = &served->installed;
    struct stat st;

    return stat(served->file, &st) == 0 &&
           (st.st_ino != old->st_ino || st.st_size != old->st_size ||
            st.st_mtim.tv_sec != old->st_mtim.tv_sec ||
            st.st_mtim.tv_nsec != old->st_mtim.tv_nsec);
}

/* --- gruvid --------------------------------------------------------------- */

/* The options of its command line, and what they are written in. */
struct line {
    char text[MOST_ENDPOINTS + 3][256];
    char *argv[2 * (MOST_ENDPOINTS + 3) + 8];
    int n, n_texts;
    int fds[MOST_ENDPOINTS + 1];
    int n_fds;
};

static char *
next_option(struct line *line)
{
    line->argv[line->n++] = (char *)"-o";
    line->argv[line->n++] = line->text[line->n_texts];
    return line->text[line->n_texts++];
}

static void
make_line(struct line *line, const struct served *served, int ready)
{
    const struct endpoints *endpoints = &served->endpoints;

    line->argv[line->n++] = (char *)place_of_gruvid();
    line->argv[line->n++] = (char *)"--trust-files"; /* those of this folder */
    line->argv[line->n++] = (char *)"-c";
    line->argv[line->n++] = (char *)served->config;
    snprintf(next_option(line), sizeof *line->text, "gruvid.plugin_dir=\"%s\"",
             served->folder);
    snprintf(next_option(line), sizeof *line->text, "gruvid.control=\"%s\"",
             served->control);
    for (int i = 0; i < endpoints->n; i++) {
        const struct endpoint *endpoint = &endpoints->items[i];

        if (!endpoints_have(endpoints, endpoint->section))
            continue;
        endpoint_option(endpoint, next_option(line), sizeof *line->text);
        if (endpoint->fd >= 0)
            line->fds[line->n_fds++] = endpoint->fd;
    }
    line->argv[line->n++] = (char *)"--ready-fd";
    snprintf(line->text[line->n_texts], sizeof *line->text, "%d", ready);
    line->argv[line->n++] = line->text[line->n_texts++];
    line->fds[line->n_fds++] = ready;
}

static int
open_log(const struct served *served)
{
    char path[PATH_MAX];

    put_path(served, "log", path);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Wait for its newline.  The end of the pipe is its end. */
static bool
wait_until_ready(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    char c;

    while (poll(&pfd, 1, 100) == 0)
        if (child_signal(0))
            return false;
    return read(fd, &c, 1) == 1;
}

bool
served_begin(struct served *served)
{
    struct line line = {0};
    struct child_plan plan = {.argv = line.argv, .fds = line.fds, .output = -1};
    int fds[2], status = 0;
    bool ready;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        complain("%s", strerror(errno));
        return false;
    }
    make_line(&line, served, fds[1]);
    plan.n_fds = line.n_fds;
    if (served->quiet)
        plan.output = open_log(served);
    served->pid = child_begin(&plan);
    close(fds[1]);
    if (plan.output >= 0)
        close(plan.output);
    ready = served->pid > 0 && wait_until_ready(fds[0]);
    close(fds[0]);
    if (ready || served->pid <= 0)
        return ready;
    /* Where it has closed the pipe, it ends by itself. */
    while (!child_has_ended(served->pid, &status))
        if (child_signal(0.1)) {
            child_end(served->pid, SIGTERM, PATIENCE);
            served->pid = 0;
            return false;
        }
    served->pid = 0;
    complain("gruvid does not start");
    return false;
}

bool
served_reload(const struct served *served)
{
    char *const argv[] = {(char *)place_of_gruvictl(), (char *)"-s",
                          (char *)served->control, (char *)"reload", NULL};
    const struct child_plan plan = {.argv = argv, .output = -1};
    pid_t pid = child_begin(&plan);

    return pid > 0 && child_wait(pid) == 0;
}

bool
served_is_gone(struct served *served)
{
    int status;

    if (served->pid <= 0 || !child_has_ended(served->pid, &status))
        return false;
    if (WIFSIGNALED(status))
        complain("gruvid has crashed: %s", strsignal(WTERMSIG(status)));
    else
        complain("gruvid has ended, with status %d", WEXITSTATUS(status));
    served->pid = 0;
    return true;
}

void
served_print_log(const struct served *served)
{
    char path[PATH_MAX];
    int fd;

    put_path(served, "log", path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    fflush(stdout);
    copy(fd, 2);
    close(fd);
}

void
served_stop(struct served *served)
{
    if (served->pid > 0)
        child_end(served->pid, SIGINT, PATIENCE);
    served->pid = 0;
}

void
served_end(struct served *served)
{
    served_stop(served);
    for (int i = 0; i < served->endpoints.n; i++)
        if (served->endpoints.items[i].fd >= 0)
            close(served->endpoints.items[i].fd);
    if (served->folder[0] != '\0')
        remove_folder(served);
}
