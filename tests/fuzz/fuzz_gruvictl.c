/* SPDX-License-Identifier: MIT */
/* Any bytes as the answer to gruvictl.  The first line is the name of a
 * command, which shows the rest, as a table and as JSON.  What it prints cannot
 * steer a terminal. */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wchar.h>

#include "gruvictl/gruvictl.h"
#include "gruvictl/wire.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *outputs[2];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    setlocale(LC_CTYPE, "C.UTF-8");
    for (int i = 0; i < 2; i++)
        outputs[i] = fdopen(memfd_create("output", MFD_CLOEXEC), "w+");
    return 0;
}

/* All of it has a place on the screen. */
static void
check(FILE *output)
{
    static char text[16 << 20];
    const char *at = text, *end;

    fflush(output);
    rewind(output);
    end = text + fread(text, 1, sizeof text, output);
    while (at < end) {
        wchar_t wide = 0;
        mbstate_t state = {0};
        size_t n = mbrtowc(&wide, at, (size_t)(end - at), &state);

        if (n == 0 || n > (size_t)(end - at) ||
            (wide != L'\n' && wcwidth(wide) <= 0))
            abort();
        at += n;
    }
}

static void
run(const struct task *task, struct wire *wire)
{
    json_t *answer;

    if (task->command->run != NULL) {
        task->command->run(task, wire);
    } else if (wire_ask(wire, task->members, 1, &answer) == DONE) {
        show_answer(task, answer);
        json_decref(answer);
    }
}

/* The library of the fuzzer keeps stderr. */
static void
show(const struct task *task, const uint8_t *data, size_t size)
{
    struct wire wire = {.path = "sock", .pidfd = -1};
    FILE *out = stdout, *err = stderr;
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ||
        (size > 0 && send(fds[0], data, size, MSG_DONTWAIT) < 0))
        abort();
    shutdown(fds[0], SHUT_WR);
    wire.fd = fds[1];
    stdout = outputs[0];
    stderr = outputs[1];
    run(task, &wire);
    stdout = out;
    stderr = err;
    wire_close(&wire);
    close(fds[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    struct task task = {.seconds = 0.000001, .timeout = 1};
    char name[16] = "";

    if (end == NULL || end - data >= (ptrdiff_t)sizeof name)
        return 0;
    memcpy(name, data, (size_t)(end - data));
    task.command = find_command(name);
    if (task.command == NULL)
        return 0;
    task.members = json_pack("{s:i}", "count", 2);
    for (int json = 0; json < 2; json++) {
        task.json = json;
        show(&task, end + 1, size - (size_t)(end + 1 - data));
    }
    json_decref(task.members);
    for (int i = 0; i < 2; i++) {
        check(outputs[i]);
        outputs[i] = freopen(NULL, "w+", outputs[i]);
    }
    return 0;
}
