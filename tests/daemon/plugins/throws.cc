// SPDX-License-Identifier: MIT
// A plugin in C++ that answers from a catch block and lets exceptions go; its
// own clients look at the answers.
#include <cstring>
#include <stdexcept>
#include <string>

#include <gruvid/plugin.h>

namespace {

const gruvid_option_t options[] = {
    {.name = "address",
     .type = GRUVID_STRING,
     .default_value = nullptr,
     .min = nullptr,
     .max = nullptr,
     .choices = nullptr,
     .required = true,
     .help = "where its clients find it",
     .reserved = {}},
    GRUVID_OPTIONS_END,
};

const char *address;
int caught;                 // connections that are in their catch block
gruvi_event_t may_leave[3]; // in the order in which they came

int
connection(gruvi_stream_t *stream, gruvid_plugin_t *)
{
    char line[100];
    ssize_t n = gruvi_stream_read_line(stream, line, sizeof line);

    if (n < 0)
        return static_cast<int>(n);
    try {
        throw std::runtime_error(std::string(line, n));
    } catch (const std::exception &) {
        int mine = caught++;

        if (mine == 1)
            gruvi_event_set(&may_leave[0]);
        gruvi_event_wait(&may_leave[mine], GRUVI_FOREVER);
        try {
            throw;
        } catch (const std::exception &again) {
            gruvi_stream_write(stream, again.what(), std::strlen(again.what()));
        }
        gruvi_event_set(&may_leave[mine + 1]);
    }
    throw std::runtime_error("out of paper");
}

// Returns what comes back for its own line, and then the end.
int
client(void *name)
{
    gruvi_stream_t *stream;
    char line[100];
    ssize_t n = UV_EAGAIN;
    int err;

    while ((err = gruvi_connect(&stream, address, nullptr, GRUVI_FOREVER)) < 0)
        if ((err = gruvi_sleep(0.01)) < 0)
            return err;
    gruvi_stream_write(stream, name, std::strlen(static_cast<char *>(name)));
    n = gruvi_stream_read_line(stream, line, sizeof line);
    if (n > 0 && std::string(line, n) == static_cast<char *>(name) &&
        gruvi_stream_read_line(stream, line, sizeof line) == 0)
        gruvi_info("a client has its own answer");
    gruvi_stream_close(stream);
    throw std::invalid_argument("client of no use");
}

int
start(gruvid_plugin_t *plugin)
{
    static char names[][8] = {"alice\n", "bob\n"};

    address = gruvid_option_string(plugin, "address");
    for (gruvi_event_t &event : may_leave)
        gruvi_event_init(&event);
    for (char *name : names)
        gruvi_go(client, name);
    return 0;
}

void
stop(gruvid_plugin_t *)
{
    throw std::logic_error("never stops");
}

} // namespace

GRUVID_PLUGIN(throws,
    .options = options,
    .start = start,
    .connection = connection,
    .stop = stop);
