/* To look whether a child has ended, and poll() without a wait. */
#include <poll.h>
#include <sys/wait.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
finish(pid_t pid, struct pollfd *one)
{
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0 && poll(one, 1, 0) == 0)
        if (gruvi_sleep(0.1) < 0)
            return UV_ECANCELED;
    return status;
}
