/* SPDX-License-Identifier: MIT */
/* Lines to the control socket and back: see control_client.h. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control_client.h"

int
connect_control(struct gruvid *g)
{
    int fd = connect_unix(gruvid_path(g, "control.sock"));

    ck_assert_msg(fd >= 0, "connect: %s", strerror(errno));
    return fd;
}

const char *
read_answer(int fd)
{
    static char line[2 << 20];
    size_t length = 0;
    ssize_t n;

    while ((n = recv(fd, line + length, 1, 0)) == 1 && line[length] != '\n') {
        length++;
        ck_assert_uint_lt(length, sizeof line);
    }
    ck_assert_msg(n >= 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
    line[length] = '\0';
    return n <= 0 ? NULL : line;
}

/* gruvid refuses some clients before it has read anything, and closes: then
 * the answer is there though nothing can be sent. */
static void
send_or_be_refused(int fd, const char *text)
{
    ssize_t length = (ssize_t)strlen(text);
    ssize_t n = send(fd, text, (size_t)length, MSG_NOSIGNAL);

    ck_assert_msg(n == length || (n < 0 && errno == EPIPE), "send: %s",
                  strerror(errno));
}

const char *
ask(int fd, const char *line)
{
    const char *answer;

    send_or_be_refused(fd, line);
    send_or_be_refused(fd, "\n");
    answer = read_answer(fd);
    ck_assert_msg(answer != NULL, "no answer to %s", line);
    return answer;
}

const char *
ask_once(struct gruvid *g, const char *line)
{
    int fd = connect_control(g);
    const char *answer = ask(fd, line);

    close(fd);
    return answer;
}

void
expect_answer(const char *answer, const char *text)
{
    ck_assert_msg(answer != NULL && strstr(answer, text) != NULL,
                  "'%s' is not in '%s'", text, answer);
}
