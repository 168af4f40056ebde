/* SPDX-License-Identifier: MIT */
/* Everything of libgruvi. */
#ifndef GRUVI_H
#define GRUVI_H

#include <gruvi/version.h>

#endif
