/* SPDX-License-Identifier: MIT */
/* A plugin that sends its process signals when it is taken out of memory. */
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include <gruvid/plugin.h>

static bool has_started;

static int
start(gruvid_plugin_t *plugin)
{
    (void)plugin;
    has_started = true;
    return 0;
}

static void __attribute__((destructor)) part(void)
{
    static const int signums[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM};

    for (int i = 0; i < 4 && has_started; i++)
        kill(getpid(), signums[i]);
}

GRUVID_PLUGIN(parting, .start = start);
