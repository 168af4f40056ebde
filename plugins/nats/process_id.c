/* SPDX-License-Identifier: MIT */
/*
 * Two builds of a plugin in one process share no memory, so the number is made
 * of what the kernel says of the process: the boot, the namespace of its pid,
 * the pid, and when it began.
 */
#include "process_id.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

static void
add(uint64_t *hash, const void *data, size_t size)
{
    const unsigned char *at = data;

    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ at[i]) * UINT64_C(1099511628211);
}

/* Files of /proc, which never block.  Returns how many bytes there are. */
static size_t
read_file(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, room - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

/* Field 22 of /proc/self/stat; the second may have blanks. */
static const char *
start_time(char *stat)
{
    char *at = strrchr(stat, ')'), *end;

    for (int i = 0; at != NULL && i < 20; i++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return NULL;
    end = strchr(at + 1, ' ');
    if (end != NULL)
        *end = '\0';
    return at + 1;
}

static void
add_chance(uint64_t *hash)
{
    static uint64_t chance; /* of this build, where nothing else is known */

    if (chance == 0)
        uv_random(NULL, NULL, &chance, sizeof chance, 0, NULL);
    add(hash, &chance, sizeof chance);
}

void
nats_process_id(char *text, size_t room)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    pid_t pid = getpid();
    struct stat space;
    char file[1024];
    const char *began;
    size_t n = read_file("/proc/sys/kernel/random/boot_id", file, sizeof file);

    add(&hash, file, n);
    add(&hash, &pid, sizeof pid);
    if (stat("/proc/self/ns/pid", &space) == 0)
        add(&hash, &space.st_ino, sizeof space.st_ino);
    read_file("/proc/self/stat", file, sizeof file);
    began = start_time(file);
    if (began != NULL && n > 0)
        add(&hash, began, strlen(began));
    else
        add_chance(&hash);
    snprintf(text, room, "%016llx", (unsigned long long)hash);
}
