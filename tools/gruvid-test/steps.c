/* SPDX-License-Identifier: MIT */
/* Steps of time, of gruvid and of its log; and the script as a whole. */
#include "gruvid-test/steps.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gruvid-test/drive.h"
#include "gruvid-test/host.h"
#include "gruvid-test/life.h"
#include "gruvid-test/words.h"

static double mark; /* of elapsed */

/* --- what is not as it should be ------------------------------------------ */

bool
spoilt(const struct step *step, const char *format, ...)
{
    va_list args;

    shared->line = step->line;
    va_start(args, format);
    spoil(format, args);
    va_end(args);
    return false;
}

static const struct script *script;

void
play_script(const struct script *what)
{
    script = what;
}

GRUVI_SWITCHPOINT void
play(void)
{
    snprintf(shared->path, sizeof shared->path, "%s", script->path);
    for (size_t i = 0; i < script->n; i++) {
        const struct step *step = &script->steps[i];

        shared->line = step->line;
        if (!step->fn(step))
            break;
    }
}

void
played(void)
{
    close_connections();
    forget_request();
}

/* --- time ----------------------------------------------------------------- */

GRUVI_SWITCHPOINT bool
step_sleep(const struct step *step)
{
    int err = gruvi_sleep(step->seconds);

    return err == 0 || spoilt(step, "sleep: %s", gruvi_strerror(err));
}

bool
step_within(const struct step *step)
{
    set_patience(step->seconds);
    return true;
}

/* To the millisecond. */
bool
step_elapsed(const struct step *step)
{
    double took = elapsed() - mark;

    if (fabs(took - step->seconds) >= 0.0005)
        return spoilt(step,
                      "expected that %.3f s have passed, but %.3f s "
                      "have",
                      step->seconds, took);
    mark = elapsed();
    return true;
}

/* --- gruvid --------------------------------------------------------------- */

GRUVI_SWITCHPOINT bool
step_expect_log(const struct step *step)
{
    return drive_expect_log(step->text) ||
           spoilt(step, "expected a line of the log with %s",
                  shown(step->text, step->length));
}

GRUVI_SWITCHPOINT bool
step_reload(const struct step *step)
{
    char why[300];
    int err = drive_reload(step->text, why, sizeof why);

    if (err == 0)
        return true;
    return why[0] != '\0' ? spoilt(step, "the reload has failed: %s", why)
                          : spoilt(step, "reload: %s", gruvi_strerror(err));
}

bool
step_stop(const struct step *step)
{
    (void)step;
    ask_to_stop();
    return true;
}
