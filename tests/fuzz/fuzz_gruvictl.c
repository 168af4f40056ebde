/* SPDX-License-Identifier: MIT */
/* Any bytes as the answer to gruvictl, which shows it by the command that the
 * first byte says: '@' is the first.  What it prints cannot steer a terminal. */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
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

/* Whether all of it has a place on the screen. */
static void
check(FILE *output)
{
    wint_t c;

    rewind(output);
    while ((c = fgetwc(output)) != WEOF)
        if (c != L'\n' && wcwidth((wchar_t)c) <= 0)
            abort();
    if (!feof(output))
        abort();
}

/* The library of the fuzzer keeps stderr. */
static void
show(const struct task *task, struct wire *wire)
{
    FILE *out = stdout, *err = stderr;
    json_t *answer;

    stdout = outputs[0];
    stderr = outputs[1];
    if (wire_ask(wire, task->members, 1, &answer) == DONE)
        show_answer(task, answer);
    json_decref(answer);
    stdout = out;
    stderr = err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire wire = {.path = "sock", .pidfd = -1};
    struct task task = {.seconds = -1};
    int fds[2];
    size_t n = 0;

    if (size < 2 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return 0;
    task.members = json_object();
    while (commands[n].name != NULL)
        n++;
    task.command = &commands[(data[0] & 31) % n];
    task.json = (data[0] & 32) != 0;
    if (send(fds[0], data + 1, size - 1, MSG_DONTWAIT) < 0)
        abort();
    shutdown(fds[0], SHUT_WR);
    wire.fd = fds[1];
    show(&task, &wire);
    wire_close(&wire);
    close(fds[0]);
    json_decref(task.members);
    for (int i = 0; i < 2; i++) {
        fflush(outputs[i]);
        outputs[i] = freopen(NULL, "w+", outputs[i]);
    }
    return 0;
}
