/* SPDX-License-Identifier: MIT */
/* A server of NATS, with JetStream in a folder of its own. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/net/net.h"

#define SERVER "nats-server"

static pid_t process;
static int port;

int
nats_port(void)
{
    return port;
}

static int
try_connect(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (void *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

int
nats_connect(void)
{
    int fd;

    while ((fd = try_connect()) < 0) {
        bench_check(waitpid(process, NULL, WNOHANG) == 0, SERVER);
        usleep(10000);
    }
    return fd;
}

/* Of the store. */
static char folder[] = "/tmp/bench_nats.XXXXXX";

static int
remove_one(const char *path, const struct stat *status, int type,
           struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static void
end(void)
{
    if (process > 0) {
        kill(process, SIGKILL);
        waitpid(process, NULL, 0);
    }
    process = 0;
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool
nats_begin(void)
{
    int said[2];
    char text[16], byte;
    bool began;

    port = free_port();
    snprintf(text, sizeof text, "%d", port);
    bench_check(pipe2(said, O_CLOEXEC) == 0 && mkdtemp(folder) != NULL, folder);
    process = fork();
    bench_check(process >= 0, "fork");
    if (process == 0) {
        int log = open("/dev/null", O_WRONLY);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin", 1);
        dup2(log, 1);
        dup2(log, 2);
        execlp(SERVER, SERVER, "-a", "127.0.0.1", "-p", text, "-js", "-sd",
               folder, (char *)NULL);
        _exit(write(said[1], "", 1) == 1 ? 127 : 126);
    }
    close(said[1]);
    began = read(said[0], &byte, 1) == 0;
    close(said[0]);
    atexit(end);
    if (began)
        close(nats_connect()); /* it listens */
    else
        end();
    return began;
}
