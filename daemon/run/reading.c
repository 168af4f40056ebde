/* SPDX-License-Identifier: MIT */
/*
 * The configuration read again, in a thread of its own.
 *
 * Not in a pool: a plugin may keep all of its threads.  What the thread uses is
 * its own or not changed meanwhile: inih's settings, the list of modules and
 * the configuration that it makes belong to the only reader that there is.
 */
#include "run/reading.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/read.h"
#include "run/state.h"

struct reading {
    struct gruvid__source source;
    struct gruvid__modules *modules;
    struct gruvid__leader *leader;
    pthread_t thread;

    /* The result; valid once done, which is atomic. */
    gruvid__config_t *config;
    int err;
    bool done;
};

static void *
reading_main(void *arg)
{
    struct reading *reading = arg;

    pthread_setname_np(pthread_self(), "gruvid-reload");
    reading->err =
        gruvid__read(&reading->source, reading->modules, &reading->config);
    __atomic_store_n(&reading->done, true, __ATOMIC_RELEASE);
    gruvid__wake(reading->leader);
    return NULL;
}

static bool
is_done(const struct reading *reading)
{
    return __atomic_load_n(&reading->done, __ATOMIC_ACQUIRE);
}

/* Wait for the thread: a stop waits for cancel_timeout at most. */
static GRUVI_SWITCHPOINT int
await_reading(struct reading *reading)
{
    struct gruvid__leader *leader = reading->leader;
    double until;

    while (!is_done(reading) && !gruvid__stopping(leader))
        (void)gruvid__wait(leader, GRUVI_FOREVER);
    until = gruvid__now() + leader->cancel_timeout;
    while (!is_done(reading) && gruvid__wait(leader, until))
        continue;
    if (is_done(reading))
        /* NOLINTNEXTLINE(gruvi-blocking): the thread is done */
        return pthread_join(reading->thread, NULL) == 0 ? 0 : UV_EIO;
    gruvi_error("the configuration is still being read: a file of it, or of "
                "a module, cannot be read to its end (a network file system, "
                "a FIFO?); abandoned");
    leader->abandoned = true;
    return UV_ETIMEDOUT;
}

/* One line of the log a mistake. */
static void
log_mistakes(gruvid__config_t *config)
{
    char *text = NULL, *rest, *line;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL) {
        gruvi_error("%zu mistakes in the configuration; there is no memory to "
                    "say them",
                    gruvid__config_mistakes(config));
        return;
    }
    gruvid__config_print_mistakes(config, out);
    fclose(out);
    for (line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        gruvi_error("%s", line);
    free(text);
}

static int
judge(struct reading *reading)
{
    if (reading->err < 0) {
        gruvi_error("the configuration cannot be read: %s",
                    gruvi_strerror(reading->err));
        return reading->err;
    }
    if (gruvid__config_mistakes(reading->config) > 0) {
        log_mistakes(reading->config);
        return UV_EINVAL;
    }
    return gruvid__stopping(reading->leader) ? UV_ECANCELED : 0;
}

GRUVI_SWITCHPOINT int
gruvid__read_again(struct gruvid__daemon *daemon, gruvid__config_t **config)
{
    struct reading *reading = calloc(1, sizeof *reading);
    int err = reading == NULL ? UV_ENOMEM : 0;

    *config = NULL;
    if (err == 0) {
        reading->source = daemon->source;
        reading->source.before = daemon->config;
        reading->source.plugin_dir = gruvid__plugin_dir(daemon->first_config);
        reading->modules = daemon->modules;
        reading->leader = &daemon->leader;
        err = uv_translate_sys_error(
            pthread_create(&reading->thread, NULL, reading_main, reading));
    }
    if (err < 0) {
        gruvi_error("the configuration cannot be read: %s",
                    gruvi_strerror(err));
        free(reading);
        return err;
    }
    err = await_reading(reading);
    if (err < 0) /* the thread still uses it */
        return err;
    err = judge(reading);
    if (err == 0)
        *config = reading->config;
    else
        gruvid__config_free(reading->config);
    free(reading);
    return err;
}
