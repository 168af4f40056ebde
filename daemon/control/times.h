/* SPDX-License-Identifier: MIT */
/* A histogram of times as a value of JSON. */
#ifndef GRUVID_CONTROL_TIMES_H
#define GRUVID_CONTROL_TIMES_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* An array of the counts of n buckets, which the caller owns; NULL without
 * memory. */
json_t *gruvid__json_times(const uint64_t *at, size_t n);

#endif
