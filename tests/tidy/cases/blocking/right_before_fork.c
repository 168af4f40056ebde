/* A function that no fiber calls. */
#include <sys/wait.h>

#include <gruvi.h>

int
wait_for_child(pid_t pid)
{
    int status;

    return waitpid(pid, &status, 0) < 0 ? -1 : status;
}
