/* SPDX-License-Identifier: MIT */
/*
 * The files that a configuration was read from.
 *
 * gruvid may read a file as root and not as the user that it becomes.  So each
 * configuration keeps what it has read: a file that a reload may not read, and
 * that has not changed by its stat, is what it was.  All of it is wiped with
 * the configuration.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "config/internal.h"

static bool
get_stamp(gruvid__stamp_t *stamp, const char *path)
{
    struct stat st;

    memset(stamp, 0, sizeof *stamp);
    if (stat(path, &st) < 0)
        return false;
    stamp->dev = st.st_dev;
    stamp->ino = st.st_ino;
    stamp->size = st.st_size;
    stamp->mtime = st.st_mtim;
    stamp->ctime = st.st_ctim;
    return true;
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same_stamp(const gruvid__stamp_t *a, const gruvid__stamp_t *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           same_time(&a->mtime, &b->mtime) && same_time(&a->ctime, &b->ctime);
}

static const gruvid__kept_t *
find_kept(const gruvid__config_t *config, const char *path)
{
    const gruvid__kept_t *kept = config->kept;

    while (kept != NULL && strcmp(kept->path, path) != 0)
        kept = kept->next;
    return kept;
}

/* The file as it was read before, unless it has changed or is not known. */
static const gruvid__kept_t *
find_unchanged(const gruvid__config_t *config, const char *path)
{
    const gruvid__kept_t *kept =
        config->before == NULL ? NULL : find_kept(config->before, path);
    gruvid__stamp_t stamp;

    return kept != NULL && get_stamp(&stamp, path) &&
                   same_stamp(&kept->stamp, &stamp)
               ? kept
               : NULL;
}

/* text: NULL: it is not kept */
static void
keep(gruvid__config_t *config, const char *path, const gruvid__stamp_t *stamp,
     const char *text, size_t length, uint64_t digest)
{
    gruvid__kept_t *kept = gruvid__config_alloc(config, 1, sizeof *kept);

    if (kept == NULL || find_kept(config, path) != NULL)
        return;
    kept->path = gruvid__config_text(config, path, strlen(path));
    if (text != NULL)
        kept->text = gruvid__config_text(config, text, length);
    if (kept->path == NULL || (text != NULL && kept->text == NULL))
        return;
    kept->stamp = *stamp;
    kept->length = length;
    kept->digest = digest;
    kept->next = config->kept;
    config->kept = kept;
}

static int
copy_kept(gruvid__content_t *content, const gruvid__kept_t *kept)
{
    content->text = malloc(kept->length + 1);
    if (content->text == NULL)
        return UV_ENOMEM;
    memcpy(content->text, kept->text, kept->length + 1);
    content->length = kept->length;
    content->dev = kept->stamp.dev;
    content->ino = kept->stamp.ino;
    return 0;
}

int
gruvid__config_read(gruvid__config_t *config, gruvid__content_t *content,
                    const char *path, size_t max, bool regular)
{
    const gruvid__kept_t *kept;
    gruvid__stamp_t stamp;
    bool stamped = get_stamp(&stamp, path); /* before: a change is seen later */
    int err = gruvid__read_file(content, path, max, regular);

    if (err == UV_EACCES || err == UV_EPERM) {
        kept = find_unchanged(config, path);
        if (kept != NULL && kept->text != NULL)
            err = copy_kept(content, kept);
    }
    if (err == 0 && stamped)
        keep(config, path, &stamp, content->text, content->length, 0);
    return err;
}

/* FNV-1a: it tells a change, and is no defence against writers of a key. */
static uint64_t
digest_of(const char *text, size_t length)
{
    uint64_t digest = 0xcbf29ce484222325;

    for (size_t i = 0; i < length; i++)
        digest = (digest ^ (unsigned char)text[i]) * 0x100000001b3;
    return digest;
}

int
gruvid__config_digest(gruvid__config_t *config, const char *path,
                      uint64_t *digest)
{
    const gruvid__kept_t *kept;
    gruvid__content_t content;
    gruvid__stamp_t stamp;
    bool stamped = get_stamp(&stamp, path);
    int err = gruvid__read_file(&content, path, GRUVID__MAX_FILE, false);

    *digest = 0;
    if (err == 0)
        *digest = digest_of(content.text, content.length);
    gruvid__content_free(&content);
    if (err == UV_EACCES || err == UV_EPERM) {
        kept = find_unchanged(config, path);
        if (kept != NULL) {
            *digest = kept->digest;
            err = UV_EALREADY;
        }
    }
    if ((err == 0 || err == UV_EALREADY) && stamped)
        keep(config, path, &stamp, NULL, 0, *digest);
    return err;
}

void
gruvid__config_forget(gruvid__config_t *config)
{
    config->before = NULL;
}

void
gruvid__config_each_file(const gruvid__config_t *config,
                         void (*fn)(void *arg, const char *path), void *arg)
{
    for (const gruvid__kept_t *k = config->kept; k != NULL; k = k->next)
        fn(arg, k->path);
}
