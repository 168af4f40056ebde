/* SPDX-License-Identifier: MIT */
/* Modules in a folder of a test: see module_fixture.h. */
#include "daemon/module_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/folder.h"

struct gruvid__modules modules;
char dir[64], why[1000], logged[1000];

static void
set_up(void)
{
    strcpy(dir, "/tmp/gruvid-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
tear_down(void)
{
    gruvid__modules_free(&modules);
    remove_folder(dir);
}

/* A path in the folder; of the last four calls it stays valid. */
const char *
in_dir(const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

/* A plugin whose summary tells its builds apart. */
void
make_build(const char *name, const char *summary, const char *flags)
{
    char source[300], file[100];

    snprintf(source, sizeof source,
             "#include <gruvid/plugin.h>\n"
             "GRUVID_PLUGIN(%s, .summary = \"%s\");\n",
             name, summary);
    snprintf(file, sizeof file, "%s.so", name);
    make_plugin(in_dir(file), source, flags);
}

const struct gruvid__module *
opened(const char *name)
{
    const struct gruvid__module *module;

    why[0] = '\0';
    module = gruvid__module_open(&modules, dir, name, why, sizeof why);
    ck_assert_msg(module != NULL, "%s", why);
    ck_assert_ptr_eq(gruvid__module_current(&modules, dir, name), module);
    return module;
}

void
refused(const char *name, const char *reason)
{
    const struct gruvid__module *module =
        gruvid__module_open(&modules, dir, name, why, sizeof why);

    ck_assert_msg(module == NULL && strstr(why, reason) != NULL, "%s", why);
}

void
expect_summary(const struct gruvid__module *module, const char *summary)
{
    ck_assert_str_eq(module->descriptor.summary, summary);
}

/* A plugin whose constructor runs this, with path for the plugin's own file. */
void
make_constructor(const char *code)
{
    char source[1000];

    snprintf(source, sizeof source,
             "#include <gruvid/plugin.h>\n"
             "#include <fcntl.h>\n"
             "#include <stdio.h>\n"
             "#include <unistd.h>\n"
             "static const char path[] = \"%s/swap.so\";\n"
             "static const char next[] = \"%s/next.so\";\n"
             "static void __attribute__((constructor)) begin(void)\n"
             "{ (void)path; (void)next; %s }\n"
             "GRUVID_PLUGIN(swap);\n",
             dir, dir, code);
    make_plugin(in_dir("swap.so"), source, "-Wl,--build-id");
}

void
keep_log(const gruvi_log_record_t *record)
{
    snprintf(logged, sizeof logged, "%s", record->message);
}

TCase *
module_case(Suite *suite, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 300);
    suite_add_tcase(suite, tc);
    return tc;
}
