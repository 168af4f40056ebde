/* SPDX-License-Identifier: MIT */
/* What has become of a reload, as JSON. */
#ifndef GRUVID_CONTROL_REPORT_H
#define GRUVID_CONTROL_REPORT_H

#include <jansson.h>

#include "run/reload.h"

/* An object that the caller owns; NULL without memory. */
json_t *gruvid__show_report(const struct gruvid__reload_report *report);

/* A time as text: 2026-01-31T23:59:59Z. */
json_t *gruvid__show_time(const struct timespec *time);

#endif
