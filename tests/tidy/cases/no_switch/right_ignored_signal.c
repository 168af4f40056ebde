/* SIG_IGN is no function of ours. */
#include <signal.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
quiet(void)
{
    signal(SIGPIPE, SIG_IGN);
    return gruvi_sleep(0.0);
}
