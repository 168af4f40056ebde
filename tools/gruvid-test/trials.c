/* SPDX-License-Identifier: MIT */
/* Which plugin is run, and which runs there are. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gruvid-test/host.h"

static const struct {
    const char *word, *name;
} faults[N_FAULTS] = {
    [ALLOCATION] = {"alloc", "allocations"},
    [OWN] = {"own", "allocations of its own"},
    [RESET] = {"reset", "reads and writes"},
    [BUFFERS] = {"nobufs", "reads and writes"},
    [DESCRIPTOR] = {"fd", "descriptors"},
    [LATE] = {"late", "pieces of work"},
    [SWITCHPOINT] = {"cancel", "switchpoints"},
};

/* A sweep ends where so many runs were wrong. */
#define ENOUGH 5

const char *
fault_name(enum fault fault)
{
    return faults[fault].name;
}

bool
read_number(const char *text, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9';
}

/* KIND, or KIND:NUMBER */
bool
read_fault(struct plan *what, const char *text)
{
    for (enum fault fault = NO_FAULT + 1; fault < N_FAULTS; fault++) {
        size_t length = strlen(faults[fault].word);

        if (strncmp(text, faults[fault].word, length) != 0)
            continue;
        what->fault = fault;
        what->at = 0;
        if (text[length] == '\0')
            return true;
        return text[length] == ':' &&
               read_number(text + length + 1, &what->at) && what->at > 0;
    }
    return false;
}

/* The folder without links, and the name, as the file has it. */
bool
plan_plugin(struct plan *what, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash == NULL ? path : slash + 1;
    size_t length = strlen(file);
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%.*s",
             slash == NULL ? 1 : (int)(slash - path),
             slash == NULL ? "." : path);
    if (length <= 3 || strcmp(file + length - 3, ".so") != 0)
        return false;
    what->dir = realpath(folder[0] != '\0' ? folder : "/", NULL);
    what->name = strndup(file, length - 3);
    return what->dir != NULL && what->name != NULL;
}

/* --- runs ----------------------------------------------------------------- */

bool
try_once(struct plan *what)
{
    char words[80] = "";

    if (what->fault != NO_FAULT)
        snprintf(words, sizeof words, "%s%s:%" PRIu64, what->sweep_option,
                 faults[what->fault].word, what->at);
    else if (what->seed != 0)
        snprintf(words, sizeof words, "%s%" PRIu64, what->seed_option,
                 what->seed);
    return run(what, words);
}

bool
try_seeds(struct plan *what, uint64_t n)
{
    bool ok = true;

    for (uint64_t i = 1; i <= n && ok; i++) {
        what->seed = i;
        ok = try_once(what);
    }
    what->seed = 0;
    return ok;
}

/* Once for each that there was in the run without faults. */
static unsigned
sweep_kind(struct plan *what, enum fault fault, uint64_t n, unsigned wrong)
{
    for (uint64_t i = 1; i <= n && wrong < ENOUGH; i++) {
        what->fault = fault;
        what->at = i;
        wrong += !try_once(what);
    }
    return wrong;
}

/* Allocations of its own are among all. */
static bool
is_asked_for(enum fault fault, enum fault asked)
{
    return asked == NO_FAULT ? fault != OWN : fault == asked;
}

bool
sweep(struct plan *what, uint64_t counts[N_FAULTS], unsigned *wrong)
{
    enum fault asked = what->fault;

    *wrong = 0;
    what->fault = NO_FAULT;
    if (!try_once(what))
        return false;
    memcpy(counts, shared->counts, sizeof shared->counts);
    for (enum fault fault = NO_FAULT + 1; fault < N_FAULTS; fault++)
        if (is_asked_for(fault, asked))
            *wrong = sweep_kind(what, fault, counts[fault], *wrong);
    what->fault = NO_FAULT;
    return *wrong == 0;
}
