/* SPDX-License-Identifier: MIT */
#include "gruvid-test/words.h"

#include <stdio.h>
#include <string.h>

#include "gruvid-test/calls.h"
#include "gruvid-test/host.h"
#include "gruvid-test/stacks.h"

static double limit = 3600; /* of a step, in seconds */

double
patience(void)
{
    return limit;
}

void
set_patience(double seconds)
{
    limit = seconds;
}

double
elapsed(void)
{
    return since_begin();
}

const char *
shown(const char *bytes, size_t n)
{
    static char texts[4][400];
    static unsigned next;
    char *text = texts[next++ % 4];
    size_t used = 1;

    text[0] = '"';
    for (size_t i = 0; i < n && used < sizeof texts[0] - 10; i++) {
        unsigned char c = (unsigned char)bytes[i];
        const char *names = "\nn\rr\tt\"\"\\\\", *name = strchr(names, c);

        if (c != '\0' && name != NULL && (name - names) % 2 == 0)
            used += (size_t)sprintf(text + used, "\\%c", name[1]);
        else if (c >= ' ' && c < 0x7f)
            text[used++] = (char)c;
        else
            used += (size_t)sprintf(text + used, "\\x%02x", c);
    }
    strcpy(text + used, "\"");
    return text;
}

void
spoil(const char *format, va_list args)
{
    char text[1200];

    shared->cut++;
    if (plan->fault != NO_FAULT)
        return;
    vsnprintf(text, sizeof text, format, args);
    fail("%s:%u: %s, at %.3f s\n", shared->path, shared->line, text, elapsed());
    tell_fibers();
}
