/* SPDX-License-Identifier: MIT */
/* Answers of the control socket as values: see control_json.h. */
#include "daemon/control_json.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Members of a piece; arrays are joined. */
static void
add_piece(json_t *whole, const json_t *piece)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)piece, name, value)
    {
        json_t *before = json_object_get(whole, name);

        if (json_is_array(before) && json_is_array(value))
            json_array_extend(before, value);
        else
            json_object_set(whole, name, value);
    }
}

json_t *
ask_json(int fd, const char *line)
{
    json_t *whole = json_object(), *piece;
    const char *text;
    json_error_t error;
    bool more;

    send_text(fd, line);
    send_text(fd, "\n");
    do {
        text = read_answer(fd);
        ck_assert_msg(text != NULL, "no end of the answer to %s", line);
        piece = json_loads(text, JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(piece != NULL, "%s: %s", error.text, text);
        add_piece(whole, piece);
        more = json_is_true(json_object_get(piece, "more"));
        json_decref(piece);
    } while (more);
    return whole;
}

json_t *
ask_json_once(struct gruvid *g, const char *line)
{
    int fd = connect_control(g);
    json_t *answer = ask_json(fd, line);

    close(fd);
    return answer;
}

json_t *
find_element(const json_t *answer, const char *array, const char *member,
             const char *text)
{
    json_t *elements = json_object_get(answer, array), *element;
    size_t i;

    json_array_foreach(elements, i, element)
    {
        const char *has = json_string_value(json_object_get(element, member));

        if (has != NULL && strcmp(has, text) == 0)
            return element;
    }
    ck_abort_msg("no element of %s has %s %s in %s", array, member, text,
                 json_dumps(answer, 0));
    return NULL;
}

const char *
text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    ck_assert_msg(text != NULL, "no text %s in %s", member,
                  json_dumps(object, 0));
    return text;
}

json_int_t
whole_of(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);

    ck_assert_msg(json_is_integer(value), "no integer %s in %s", member,
                  json_dumps(object, 0));
    return json_integer_value(value);
}
