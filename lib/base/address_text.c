/* SPDX-License-Identifier: MIT */
/*
 * An address in words, without printf(), which a handler may not call.
 */
#include <string.h>

#include <gruvi/inspect.h>

struct text {
    char *bytes;
    size_t length, size;
};

static void
add(struct text *text, const char *more)
{
    for (; *more != '\0' && text->length + 1 < text->size; more++)
        text->bytes[text->length++] = *more;
    if (text->size > 0)
        text->bytes[text->length] = '\0';
}

static void
add_hex(struct text *text, const char *before, uintptr_t number)
{
    char digits[2 * sizeof number + 1], *at = &digits[sizeof digits - 1];

    *at = '\0';
    do
        *--at = "0123456789abcdef"[number & 15];
    while ((number >>= 4) != 0);
    add(text, before);
    add(text, at);
}

size_t
gruvi__address_text(uintptr_t address, char *bytes, size_t size)
{
    struct text text = {.bytes = bytes, .size = size};
    const gruvi__module_t *module = gruvi__module_at(address);
    const char *name;
    size_t offset;

    if (module == NULL) {
        add_hex(&text, "0x", address);
        return text.length;
    }
    name = gruvi__function_at(address, &offset);
    if (name != NULL) {
        add(&text, name);
        add_hex(&text, "+0x", offset);
        add(&text, " (");
    }
    add(&text, gruvi__module_name(module));
    add_hex(&text, "+0x", address - module->bias);
    add(&text, name == NULL ? "" : ")");
    return text.length;
}
