/* SPDX-License-Identifier: MIT */
/*
 * Did you mean: the candidate with the least edit distance to a word.
 *
 * An edit inserts, removes or replaces a character, or swaps two neighbours:
 * the usual slips of a finger.  A third of the word may be wrong.  With more
 * than that, two words are near only if one begins with the other.  Long words
 * are not compared at all, so the table of distances has a fixed size.
 */
#include <string.h>

#include "config/internal.h"

enum { MAX_WORD = 48 };

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t
edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t d[MAX_WORD + 1][MAX_WORD + 1];

    for (size_t i = 0; i <= a_len; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= b_len; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t j = 1; j <= b_len; j++) {
            size_t other = lower(a[i - 1]) != lower(b[j - 1]);

            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
                            d[i - 1][j - 1] + other);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a_len][b_len];
}

static bool
is_beginning(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t n = least(a_len, b_len);

    return n >= 3 && strncmp(a, b, n) == 0;
}

void
gruvid__suggest(gruvid__suggestion_t *suggestion, const char *candidate)
{
    size_t word_len = strlen(suggestion->word);
    size_t len = strlen(candidate);
    size_t limit = word_len < 3 ? 1 : (word_len + 2) / 3;
    size_t distance;

    if (word_len == 0 || word_len > MAX_WORD || len > MAX_WORD)
        return;
    distance = edit_distance(suggestion->word, word_len, candidate, len);
    if (is_beginning(suggestion->word, word_len, candidate, len))
        distance = least(distance, limit);
    if (distance > limit || distance >= len)
        return;
    if (suggestion->best == NULL || distance < suggestion->distance) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}
