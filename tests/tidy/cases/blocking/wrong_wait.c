/* Waiting for a child. */
#include <sys/wait.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
finish(pid_t pid)
{
    int status;

    return waitpid(pid, &status, 0) < 0 ? UV_EINVAL : status; /* gruvi-blocking: gruvi_process_wait */
}
