/* A socket that blocks, read with read(). */
#include <sys/socket.h>
#include <unistd.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
ask(const struct sockaddr *to, socklen_t length)
{
    char buf[100];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, to, length) < 0) /* gruvi-blocking: gruvi_connect */
        return UV_ECONNREFUSED;
    if (read(fd, buf, sizeof buf) <= 0) /* gruvi-blocking: gruvi_stream_read */
        return UV_EIO;
    return close(fd);
}
