/* SPDX-License-Identifier: MIT */
/* Data kept with a hub: see hub_data.c. */
#ifndef GRUVI_CORE_HUB_DATA_H
#define GRUVI_CORE_HUB_DATA_H

#include <gruvi/base.h>

void gruvi__hub_data_destroy(gruvi_hub_t *hub);

#endif
