/* SPDX-License-Identifier: MIT */
#include "os/inherited.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

/* For the time of the process. */
static struct {
    struct socket {
        int fd;
        char *name; /* owned; NULL: none */
    } * at;
    size_t n;
    char *names;
    bool known;
} inherited;

static bool
listens(int fd)
{
    socklen_t length = sizeof(int);
    int on = 0;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length) == 0 && on;
}

static int
add(int fd)
{
    struct socket *more =
        realloc(inherited.at, (inherited.n + 1) * sizeof *more);

    if (more == NULL)
        return UV_ENOMEM;
    inherited.at = more;
    inherited.at[inherited.n++] = (struct socket){.fd = fd};
    return 0;
}

/* Without /proc only low numbers are found. */
#define FEW 256

static int
find_all(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    int err = 0;

    if (dir == NULL) {
        for (int fd = 3; fd < FEW && err == 0; fd++)
            if (listens(fd))
                err = add(fd);
        return err;
    }
    while (err == 0 && (entry = readdir(dir)) != NULL) {
        int fd = atoi(entry->d_name);

        if (fd >= 3 && listens(fd))
            err = add(fd);
    }
    closedir(dir);
    return err;
}

#ifdef HAVE_SYSTEMD
/* "web" -> "admin, web", unless it is there. */
static int
add_name(const char *name)
{
    size_t length = inherited.names == NULL ? 0 : strlen(inherited.names);
    char *more;

    for (size_t i = 0; i < inherited.n; i++)
        if (inherited.at[i].name != NULL &&
            strcmp(inherited.at[i].name, name) == 0)
            return 0;
    more = realloc(inherited.names, length + strlen(name) + 3);
    if (more == NULL)
        return UV_ENOMEM;
    inherited.names = more;
    sprintf(more + length, "%s%s", length == 0 ? "" : ", ", name);
    return 0;
}

/* Takes the name over. */
static int
name_socket(int fd, char *name)
{
    int err = 0;

    for (size_t i = 0; i < inherited.n; i++) {
        struct socket *socket = &inherited.at[i];

        if (socket->fd != fd || socket->name != NULL)
            continue;
        err = add_name(name);
        socket->name = name;
        return err;
    }
    free(name);
    return 0;
}

/* Names of what does not listen, of a datagram socket or a file, are left out:
 * nothing can be accepted there. */
static int
find_names(void)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(1, &names), err = 0;

    for (int i = 0; i < n; i++) {
        int failed = name_socket(SD_LISTEN_FDS_START + i, names[i]);

        if (failed < 0)
            err = failed;
    }
    free(names);
    return n < 0 ? n : err;
}
#else
static int
find_names(void)
{
    return 0;
}
#endif

int
gruvid__inherited_open(void)
{
    int err = find_all();

    inherited.known = true;
    return err < 0 ? err : find_names();
}

bool
gruvid__inherited_known(void)
{
    return inherited.known;
}

static bool
is_number(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

int
gruvid__inherited_find(const char *text, size_t n)
{
    bool number = is_number(text);

    for (size_t i = 0; i < inherited.n; i++) {
        const struct socket *socket = &inherited.at[i];

        if (number ? socket->fd != atoi(text)
                   : socket->name == NULL || strcmp(socket->name, text) != 0)
            continue;
        if (n-- == 0)
            return socket->fd;
    }
    return -1;
}

const char *
gruvid__inherited_names(void)
{
    return inherited.names == NULL ? "" : inherited.names;
}
