/* SPDX-License-Identifier: MIT */
/*
 * The text of one value, as it stands behind the equals sign:
 *
 *     plain text             ; a comment begins after a blank
 *     say "a ; b" aloud      ; but not between two quotes, which stay
 *     " blanks, \" and \\ "  ; a value that begins with a quote ends with one
 *
 * and the names that may stand in front of it.  No message shows the text here:
 * it may be a secret, nobody knows yet.
 */
#include <string.h>

#include "config/internal.h"

bool
gruvid__why(gruvid__why_t *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return false;
}

const char *
gruvid__shown(gruvid__shown_t *shown, const char *text)
{
    const size_t room = sizeof shown->text - sizeof "...";
    size_t length = strlen(text);

    if (length < sizeof shown->text)
        return strcpy(shown->text, text);
    length = room;
    /* Not within a character of UTF-8. */
    while (length > room - 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    memcpy(shown->text, text, length);
    strcpy(shown->text + length, "...");
    return shown->text;
}

bool
gruvid__is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool
gruvid__is_key(const char *text)
{
    if (*text == '\0')
        return false;
    while (is_word(*text))
        text++;
    return *text == '\0';
}

bool
gruvid__is_plugin_name(const char *text)
{
    size_t i = 0;

    if (!is_word(text[0]) || text[0] == '_')
        return false;
    while (is_word(text[i]) || text[i] == '-')
        i++;
    return text[i] == '\0' && i <= GRUVID__MAX_NAME;
}

static bool
is_comment(char c)
{
    return c == ';' || c == '#';
}

/* After the closing quote: nothing, or blanks and perhaps a comment. */
static bool
is_rest(const char *text, bool comments)
{
    bool after_blank = false;

    while (gruvid__is_blank(*text)) {
        after_blank = true;
        text++;
    }
    return *text == '\0' || (comments && after_blank && is_comment(*text));
}

static bool
unquote(char *text, bool comments, char **value, gruvid__why_t *why)
{
    char *from = text + 1, *to = text;

    *value = text;
    for (; *from != '"'; from++) {
        if (*from == '\\') {
            from++;
            if (*from != '"' && *from != '\\')
                return gruvid__why(why, "in quotes, a backslash stands before "
                                        "a quote or another backslash only");
        }
        if (*from == '\0')
            return gruvid__why(why, "the closing quote is missing");
        *to++ = *from;
    }
    if (!is_rest(from + 1, comments))
        return gruvid__why(why, "there is text after the closing quote");
    *to = '\0';
    return true;
}

static bool
plain(char *text, bool after_blank, gruvid__why_t *why)
{
    bool quoted = false;
    char *end;

    for (end = text; *end != '\0'; end++) {
        if (*end == '"')
            quoted = !quoted;
        if (!quoted && after_blank && is_comment(*end))
            break;
        after_blank = gruvid__is_blank(*end);
    }
    if (quoted)
        return gruvid__why(why, "a quote is not closed; to have just one in a "
                                "value, write \"...\\\"...\"");
    while (end > text && gruvid__is_blank(end[-1]))
        end--;
    *end = '\0';
    return true;
}

bool
gruvid__unquote(char *text, bool after_blank, bool comments, char **value,
                gruvid__why_t *why)
{
    size_t length;

    while (gruvid__is_blank(*text)) {
        after_blank = true;
        text++;
    }
    if (*text == '"')
        return unquote(text, comments, value, why);
    *value = text;
    if (comments)
        return plain(text, after_blank, why);
    length = strlen(text);
    while (length > 0 && gruvid__is_blank(text[length - 1]))
        length--;
    text[length] = '\0';
    return true;
}
