/* SPDX-License-Identifier: MIT */
/* A folder of plugins: see plugin_folder.h. */
#include "daemon/plugin_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/folder.h"

static char folder[64];

static void
link_plugin(const char *from, const char *name)
{
    char source[300], target[100], *whole;

    snprintf(source, sizeof source, "%s/%s/.libs/%s.so", getenv("top_builddir"),
             from, name);
    snprintf(target, sizeof target, "%s/%s.so", folder, name);
    whole = realpath(source, NULL);
    ck_assert_msg(whole != NULL, "there is no %s", source);
    ck_assert_int_eq(symlink(whole, target), 0);
    free(whole);
}

void
open_plugins(void)
{
    strcpy(folder, "/tmp/check_plugins.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    link_plugin("plugins", "http");
    link_plugin("plugins", "metrics");
    link_plugin("tests/daemon/plugins", "answers");
    link_plugin("tests/daemon/plugins", "bring");
    link_plugin("tests/daemon/plugins", "spread");
    link_plugin("tests/daemon/plugins", "trial");
}

void
close_plugins(void)
{
    remove_folder(folder);
}

struct gruvid *
ready_with_plugins(const char *config, const char *const *env)
{
    static char dir[100];
    const char *args[] = {"-o", dir, NULL};
    struct gruvid_options options = {.args = args, .env = env};

    snprintf(dir, sizeof dir, "gruvid.plugin_dir=%s", folder);
    return gruvid_ready(config, &options);
}
