/* SPDX-License-Identifier: MIT */
/* Lines about a plugin's fiber: see say.h. */
#include "watch/say.h"

#include <time.h>

#include "log/sink.h"

void
gruvid__say(gruvi_log_level_t level, const char *hub, const char *plugin,
            uint64_t generation, const char *fiber, const char *message)
{
    gruvi_log_record_t record = {
        .level = level,
        .hub = hub,
        .fiber = fiber,
        .group = plugin,
        .message = message,
    };

    clock_gettime(CLOCK_REALTIME, &record.time);
    gruvid__log_about(&record, generation);
}
