/* A pipe. */
#include <unistd.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
through(char c)
{
    int fds[2];

    if (pipe(fds) < 0)
        return UV_EMFILE;
    (void)write(fds[1], &c, 1); /* gruvi-blocking: 'write' */
    (void)read(fds[0], &c, 1);  /* gruvi-blocking: 'read' */
    return gruvi_sleep(0.0);
}
