/* A single call that does not wait. */
#include <sys/socket.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT ssize_t
ask(void *buf, size_t len)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    (void)gruvi_wait_fd(fd, UV_READABLE, 1.0);
    return recv(fd, buf, len, MSG_DONTWAIT);
}
