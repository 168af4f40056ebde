/* SPDX-License-Identifier: MIT */
/*
 * worker: writes what it has done to a file, a line for each, and takes its
 * time for it: /?ms=N.  /?gate waits until there is a file with ".gate" behind
 * its name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gruvid/request.h>

static const gruvid_option_t options[] = {
    {.name = "file", .type = GRUVID_STRING, .help = "where it is written"},
    {.name = "start_gate",
     .type = GRUVID_STRING,
     .help = "a file that the start waits for"},
    GRUVID_OPTIONS_END,
};

/* The line is there as a whole, also where the process is killed behind it. */
static int
write_line(const char *path, const char *text, size_t size)
{
    char line[200];
    int n = snprintf(line, sizeof line, "%.*s\n", (int)size, text);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    ssize_t written = write(fd, line, (size_t)n);

    close(fd);
    return written == n ? 0 : UV_EIO;
}

static GRUVI_SWITCHPOINT int
wait_for_gate(const char *file)
{
    char path[200];
    int err = 0;

    snprintf(path, sizeof path, "%s.gate", file);
    while (err == 0 && access(path, F_OK) < 0)
        err = gruvi_sleep(0.001);
    return err;
}

static GRUVI_SWITCHPOINT int
start(gruvid_plugin_t *plugin)
{
    const char *gate = gruvid_option_string(plugin, "start_gate");
    int err = 0;

    while (err == 0 && gate != NULL && access(gate, F_OK) < 0)
        err = gruvi_sleep(0.001);
    return err;
}

static GRUVI_SWITCHPOINT int
request(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *file = gruvid_option_string(plugin, "file");
    const char *body, *ms = gruvid_request_query(request, "ms");
    size_t size;
    int err = gruvid_request_body(request, &body, &size);

    if (err == 0 && ms != NULL) {
        gruvi_info("worker takes its time");
        err = gruvi_sleep(atof(ms) / 1000);
    }
    if (err == 0 && gruvid_request_query(request, "gate") != NULL)
        err = wait_for_gate(file);
    return err < 0 ? err : write_line(file, body, size);
}

GRUVID_PLUGIN(worker,
    .multi_hub = true,
    .options = options,
    .start = start,
    .request = request);
