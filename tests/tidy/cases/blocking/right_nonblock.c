/* A socket that does not block. */
#include <sys/socket.h>
#include <unistd.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
ask(const struct sockaddr *to, socklen_t length)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    char c = 0;

    if (connect(fd, to, length) < 0)
        (void)gruvi_wait_fd(fd, UV_WRITABLE, 1.0);
    (void)write(fd, &c, 1);
    return close(fd);
}
