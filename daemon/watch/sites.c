/* SPDX-License-Identifier: MIT */
/* Sites of stalls: see sites.h. */
#include "watch/sites.h"

#include <string.h>

static struct gruvid__site *
find(struct gruvid__sites *sites, uint64_t key)
{
    for (size_t i = 0; i < GRUVID__SITES; i++)
        if (sites->at[i].said != 0 && sites->at[i].key == key)
            return &sites->at[i];
    return NULL;
}

/* A free place, or the one that was said longest ago. */
static struct gruvid__site *
take_place(struct gruvid__sites *sites)
{
    struct gruvid__site *oldest = &sites->at[0];

    for (size_t i = 1; i < GRUVID__SITES; i++)
        if (sites->at[i].said < oldest->said)
            oldest = &sites->at[i];
    memset(oldest, 0, sizeof *oldest);
    return oldest;
}

struct gruvid__site *
gruvid__site_stall(struct gruvid__sites *sites, uint64_t key, uint64_t length,
                   uint64_t now, bool *fresh)
{
    struct gruvid__site *site = find(sites, key);

    /* What was quiet for a minute is as good as new. */
    *fresh =
        site == NULL || (!site->news && now - site->said >= GRUVID__SITE_APART);
    if (site == NULL) {
        site = take_place(sites);
        site->key = key;
    }
    if (*fresh) {
        gruvid__site_told(site, now);
        site->said_length = length;
    }
    site->count++;
    site->news = !*fresh;
    if (length > site->longest)
        site->longest = length;
    return site;
}

/* How long it is in the end is news where it is a good deal longer than what
 * was said at once. */
void
gruvid__site_lasts(struct gruvid__sites *sites, uint64_t key, uint64_t length)
{
    struct gruvid__site *site = find(sites, key);

    if (site == NULL || length <= site->longest)
        return;
    site->longest = length;
    if (length > 2 * site->said_length)
        site->news = true;
}

struct gruvid__site *
gruvid__site_due(struct gruvid__sites *sites, uint64_t now)
{
    for (size_t i = 0; i < GRUVID__SITES; i++)
        if (sites->at[i].news && now - sites->at[i].said >= GRUVID__SITE_APART)
            return &sites->at[i];
    return NULL;
}

void
gruvid__site_told(struct gruvid__site *site, uint64_t now)
{
    site->said = now;
    site->count = site->longest = site->said_length = 0;
    site->news = false;
}
