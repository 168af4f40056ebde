// SPDX-License-Identifier: MIT
// A plugin in C++17: with options, data, and objects that have to be destroyed.
#include <memory>
#include <string>

#include <gruvid/plugin.h>

namespace {

const gruvid_option_t options[] = {
    {.name = "greeting",
     .type = GRUVID_STRING,
     .default_value = "hello",
     .min = nullptr,
     .max = nullptr,
     .choices = nullptr,
     .required = false,
     .help = "what to say",
     .reserved = {}},
    GRUVID_OPTIONS_END,
};

struct State {
    std::string greeting;
};

int
start(gruvid_plugin_t *plugin)
{
    auto state = std::make_unique<State>();

    state->greeting = gruvid_option_string(plugin, "greeting");
    return gruvid_set_plugin_data(plugin, state.release());
}

int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    auto *state = static_cast<State *>(gruvid_plugin_data(plugin));
    std::string text = state->greeting + "\n";

    return gruvi_stream_write(stream, text.data(), text.size());
}

void
stop(gruvid_plugin_t *plugin)
{
    delete static_cast<State *>(gruvid_plugin_data(plugin));
}

} // namespace

GRUVID_PLUGIN(cplusplus,
    .version = "1.0",
    .summary = "greets in C++",
    .options = options,
    .start = start,
    .connection = connection,
    .stop = stop);
