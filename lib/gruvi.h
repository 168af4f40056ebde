/* SPDX-License-Identifier: MIT */
/*
 * Gruvi for C: fibers on libuv.  This header includes all of the library's.
 */
#ifndef GRUVI_H
#define GRUVI_H

#include <gruvi/error.h>
#include <gruvi/exception.h>
#include <gruvi/fiber.h>
#include <gruvi/file.h>
#include <gruvi/future.h>
#include <gruvi/group.h>
#include <gruvi/hub.h>
#include <gruvi/local.h>
#include <gruvi/log.h>
#include <gruvi/net.h>
#include <gruvi/poll.h>
#include <gruvi/pool.h>
#include <gruvi/process.h>
#include <gruvi/signal.h>
#include <gruvi/stream.h>
#include <gruvi/switch_back.h>
#include <gruvi/switchpoint.h>
#include <gruvi/sync.h>
#include <gruvi/tls.h>
#include <gruvi/version.h>
#include <gruvi/wait.h>

#endif
