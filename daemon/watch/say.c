/* SPDX-License-Identifier: MIT */
/* Lines about a plugin's fiber: see say.h. */
#include "watch/say.h"

#include <time.h>

#include "log/sink.h"

void
gruvid__say(gruvi_log_level_t level, const char *hub, const char *plugin,
            const char *fiber, const char *message)
{
    gruvi_log_record_t record = {
        .level = level,
        .hub = hub,
        .fiber = fiber,
        .group = plugin,
        .message = message,
    };

    if (level > gruvi_log_level())
        return;
    clock_gettime(CLOCK_REALTIME, &record.time);
    gruvid__log_set_hub(hub);
    gruvid__log_write(&record);
    gruvid__log_set_hub("");
}
