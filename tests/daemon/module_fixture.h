/* SPDX-License-Identifier: MIT */
/* Modules that a test makes in a folder of its own, and opens in its process.
 */
#ifndef TESTS_DAEMON_MODULE_FIXTURE_H
#define TESTS_DAEMON_MODULE_FIXTURE_H

#include "daemon/make_plugin.h"
#include "module/load.h"
#include "support/suite.h"

extern struct gruvid__modules modules;
extern char dir[64];      /* the folder */
extern char why[1000];    /* of the last module that was refused */
extern char logged[1000]; /* the last line, with keep_log() as the sink */

/* A suite's only case, with a folder. */
TCase *module_case(Suite *suite, const char *name);

/* A path in the folder; of the last four calls it stays valid. */
const char *in_dir(const char *name);

/* Compile a plugin whose summary tells its builds apart. */
void make_build(const char *name, const char *summary, const char *flags);

/* Compile plugin swap with this code in a constructor; path is the plugin's own
 * file. */
void make_constructor(const char *code);

const struct gruvid__module *opened(const char *name);
void refused(const char *name, const char *reason);
void expect_summary(const struct gruvid__module *module, const char *summary);

void keep_log(const gruvi_log_record_t *record);

#endif
