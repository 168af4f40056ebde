/* SPDX-License-Identifier: MIT */
/* Histograms as JSON: see times.h. */
#include "control/times.h"

json_t *
gruvid__json_times(const uint64_t *at, size_t n)
{
    json_t *shown = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(shown, json_integer((json_int_t)at[i]));
    return shown;
}
