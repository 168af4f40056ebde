/* SPDX-License-Identifier: MIT */
/*
 * Connections that are held through reloads and hot swaps of the plugin that
 * serves them, with bytes on their way meanwhile, and clients that come during
 * each reload.  No byte may be lost, and nobody refused or reset.
 *
 * $HELD_CONNECTIONS and $SWAPS say how many, for a run by hand.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_OPENSSL
#include <openssl/ssl.h>
#endif

#include "daemon/make_plugin.h"
#include "daemon/run_gruvid.h"
#include "support/folder.h"
#include "unit/certificates.h"

/* Clients that come while a reload is at work. */
#define COME 20

/* Of each connection and reload, sent in two halves. */
#define BLOCK 64

static int
number_of(const char *variable, int otherwise)
{
    const char *text = getenv(variable);

    return text == NULL ? otherwise : atoi(text);
}

/* --- the plugin ------------------------------------------------------------
 */

static char folder[] = "/tmp/gruvid-swap-XXXXXX";

static const char source[] =
    "#include <gruvid/plugin.h>\n"
    "static const gruvid_option_t options[] = {\n"
    "    {.name = \"mark\", .default_value = \"0\"}, GRUVID_OPTIONS_END};\n"
    "static int echo(gruvi_stream_t *stream, gruvid_plugin_t *plugin)\n"
    "{\n"
    "    char buf[256];\n"
    "    ssize_t n;\n"
    "    int err = 0;\n"
    "    (void)plugin;\n"
    "    while (err == 0 &&\n"
    "           (n = gruvi_stream_read(stream, buf, sizeof buf)) > 0)\n"
    "        err = gruvi_stream_write(stream, buf, (size_t)n);\n"
    "    return err;\n"
    "}\n"
    "GRUVID_PLUGIN(swap, .options = options, .connection = echo,\n"
    "              .multi_hub = true);\n";

static const char *
plugin_file(void)
{
    static char path[64];

    snprintf(path, sizeof path, "%s/swap.so", folder);
    return path;
}

/* Its build-id is text: "swap" and a number. */
static void
make_swap(void)
{
    strcpy(folder, "/tmp/gruvid-swap-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    make_plugin(plugin_file(), source, "-Wl,--build-id=0x7377617030303030");
}

static void
install_build(int number)
{
    char old[16], new[16];

    snprintf(old, sizeof old, "swap%04d", number - 1);
    snprintf(new, sizeof new, "swap%04d", number);
    patch_file(plugin_file(), old, new);
}

/* --- connections -----------------------------------------------------------
 */

struct way {
    const char *listen;
    int hubs;
    bool tls;
    bool inherits; /* its socket */
};

static const struct way ways[] = {
    {"tcp://127.0.0.1:0", 1, false, false},
    {"tcp://127.0.0.1:0", 2, false, false},
    {"unix:@DIR@/swap", 2, false, false},
#ifdef HAVE_SYSTEMD
    {"fd:web", 2, false, true},
#else
    {"fd:3", 2, false, true},
#endif
#ifdef HAVE_OPENSSL
    {"tls://127.0.0.1:0", 2, true, false},
#endif
};

struct held {
    int fd;
    void *tls; /* SSL *; NULL: none */
};

static void
receive(int fd, char *bytes, int size)
{
    ssize_t n = recv(fd, bytes, (size_t)size, MSG_WAITALL);

    ck_assert_msg(n == size, "%zd bytes of %d: %s", n, size,
                  n < 0 ? strerror(errno) : "the end");
}

#ifdef HAVE_OPENSSL
static SSL_CTX *context;

static void
shake_hands(struct held *held)
{
    SSL *ssl = SSL_new(context);

    SSL_set_fd(ssl, held->fd);
    ck_assert_int_eq(SSL_connect(ssl), 1);
    held->tls = ssl;
}

static void
put(const struct held *held, const char *bytes, int size)
{
    if (held->tls != NULL)
        ck_assert_int_eq(SSL_write(held->tls, bytes, size), size);
    else
        ck_assert_int_eq(send(held->fd, bytes, (size_t)size, 0), size);
}

static void
get(const struct held *held, char *bytes, int size)
{
    for (int n, got = 0; held->tls != NULL && got < size; got += n) {
        n = SSL_read(held->tls, bytes + got, size - got);
        ck_assert_int_gt(n, 0);
    }
    if (held->tls == NULL)
        receive(held->fd, bytes, size);
}

static void
leave(struct held *held)
{
    if (held->tls != NULL) {
        SSL_shutdown(held->tls);
        SSL_free(held->tls);
    }
    close(held->fd);
}
#else
static void
shake_hands(struct held *held)
{
    (void)held;
}

static void
put(const struct held *held, const char *bytes, int size)
{
    ck_assert_int_eq(send(held->fd, bytes, (size_t)size, 0), size);
}

static void
get(const struct held *held, char *bytes, int size)
{
    receive(held->fd, bytes, size);
}

static void
leave(struct held *held)
{
    close(held->fd);
}
#endif

struct scene {
    const struct way *way;
    struct gruvid *g;
    int port, socket;
    struct held *held;
    int n;
};

static void
enter(const struct scene *scene, struct held *held)
{
    const char *path = gruvid_path(scene->g, "swap");

    held->tls = NULL;
    held->fd = strncmp(scene->way->listen, "unix:", 5) == 0
                   ? connect_unix(path)
                   : connect_port(scene->port);
    ck_assert_int_ge(held->fd, 0);
    if (scene->way->tls)
        shake_hands(held);
}

/* Bytes that no other connection has, nor another reload. */
static void
make_block(char *block, int connection, int step)
{
    uint64_t x = (uint64_t)connection << 32 | (unsigned)step;

    for (int i = 0; i < BLOCK; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        block[i] = (char)(x >> 56);
    }
}

static void
send_halves(const struct scene *scene, int step, int offset)
{
    char block[BLOCK];

    for (int i = 0; i < scene->n; i++) {
        make_block(block, i, step);
        put(&scene->held[i], block + offset, BLOCK / 2);
    }
}

static void
check_blocks(const struct scene *scene, int step)
{
    char block[BLOCK], got[BLOCK];

    for (int i = 0; i < scene->n; i++) {
        make_block(block, i, step);
        get(&scene->held[i], got, BLOCK);
        ck_assert_mem_eq(got, block, BLOCK);
    }
}

static void
visit(const struct scene *scene)
{
    struct held visitor;
    char got[5];

    enter(scene, &visitor);
    put(&visitor, "hello", 5);
    get(&visitor, got, 5);
    ck_assert_mem_eq(got, "hello", 5);
    leave(&visitor);
}

/* --- a scene ---------------------------------------------------------------
 */

static const char *
config_of(const struct way *way, int mark)
{
    static char text[1024];
    const char *pem = "", *key = "";

#ifdef HAVE_OPENSSL
    if (way->tls) {
        pem = certificate("good.pem");
        key = certificate("good.key");
    }
#endif
    snprintf(text, sizeof text,
             "[gruvid]\nhubs = %d\ndrain_timeout = 1h\n"
             "[plugin swap]\nlisten = %s\nbacklog = 4096\nmark = %d\n"
             "tls_certificate = %s\ntls_key = %s\n",
             way->hubs, way->listen, mark, pem, key);
    return text;
}

static int
open_socket(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(fd, 4096), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void
begin_scene(struct scene *scene, const struct way *way, int n)
{
    static char dir[100];
    const char *args[] = {"-o", dir, NULL};
    struct gruvid_options options = {.args = args};

    make_swap();
    snprintf(dir, sizeof dir, "gruvid.plugin_dir=%s", folder);
    *scene = (struct scene){.way = way, .n = n};
    if (way->inherits) {
        scene->socket = open_socket(&scene->port);
        options.sockets = &scene->socket;
        options.n_sockets = 1;
        options.names = "web";
    }
    scene->g = gruvid_ready(config_of(way, 0), &options);
    if (way->tls)
        scene->port =
            atoi(gruvid_says(scene->g, "listening on tls://127.0.0.1:"));
    else if (strncmp(way->listen, "tcp:", 4) == 0)
        scene->port = gruvid_port(scene->g, 0);
    scene->held = calloc((size_t)n + 1, sizeof *scene->held);
#ifdef HAVE_OPENSSL
    context = SSL_CTX_new(TLS_client_method());
#endif
    for (int i = 0; i < n; i++)
        enter(scene, &scene->held[i]);
}

static void
end_scene(struct scene *scene)
{
    for (int i = 0; i < scene->n; i++)
        leave(&scene->held[i]);
    free(scene->held);
#ifdef HAVE_OPENSSL
    SSL_CTX_free(context);
#endif
    ck_assert_int_eq(gruvid_stop(scene->g, SIGTERM), 0);
    if (scene->way->inherits)
        close(scene->socket);
    remove_folder(folder);
}

/* Reload, with another option or another build, and clients meanwhile. */
static void
renew(const struct scene *scene, int step)
{
    char done[40];

    if (step % 2 == 0)
        install_build(step / 2);
    else
        gruvid_configure(scene->g, config_of(scene->way, step));
    gruvid_signal(scene->g, SIGHUP);
    for (int i = 0; i < COME; i++)
        visit(scene);
    snprintf(done, sizeof done, "reload %d is done", step);
    gruvid_says(scene->g, done);
    visit(scene);
}

START_TEST(test_held_connections_lose_no_byte_and_nobody_is_refused)
{
    int steps = 2 * number_of("SWAPS", 10);
    struct scene scene;
    char last[64];

    begin_scene(&scene, &ways[_i], number_of("HELD_CONNECTIONS", 500));
    for (int step = 1; step <= steps; step++) {
        send_halves(&scene, step, 0);
        renew(&scene, step);
        send_halves(&scene, step, BLOCK / 2);
        check_blocks(&scene, step);
    }
    snprintf(last, sizeof last, "plugin swap, generation %d serves", steps + 1);
    gruvid_says(scene.g, last);
    ck_assert_uint_eq(gruvid_said(scene.g, "drain_timeout has passed"), 0);
    end_scene(&scene);
}
END_TEST

/* --- what is left behind ----------------------------------------------------
 */

/* Of the heap of the main arena. */
static size_t
heap_size(const struct gruvid *g)
{
    char path[64];
    const char *text, *at, *line;
    unsigned long start, end;

    snprintf(path, sizeof path, "/proc/%d/maps", g->pid);
    text = read_text(path);
    at = strstr(text, "[heap]");
    if (at == NULL)
        return 0;
    for (line = at; line > text && line[-1] != '\n';)
        line--;
    ck_assert_int_eq(sscanf(line, "%lx-%lx", &start, &end), 2);
    return end - start;
}

/* Old generations have gone by then. */
static void
renew_alone(const struct scene *scene, int step)
{
    renew(scene, step);
    gruvid_says_times(scene->g, "has stopped", (unsigned)step);
}

START_TEST(test_swaps_leave_no_descriptor_behind)
{
    int steps = 2 * number_of("SWAPS", 10);
    unsigned before = 0;
    struct scene scene;

    begin_scene(&scene, &ways[1], 0);
    for (int step = 1; step <= steps; step++) {
        renew_alone(&scene, step);
        if (step == 4)
            before = gruvid_descriptors(scene.g);
        if (step % (steps / 4) == 0)
            printf("%d: %u descriptors, heap %zu\n", step,
                   gruvid_descriptors(scene.g), heap_size(scene.g));
    }
    /* The last visitor may not have gone yet. */
    while (gruvid_descriptors(scene.g) > before)
        usleep(1000);
    end_scene(&scene);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reload_swap");
    TCase *tc = gruvid_case(suite, "held");

    tcase_set_timeout(tc, 600);
    tcase_add_loop_test(
        tc, test_held_connections_lose_no_byte_and_nobody_is_refused, 0,
        sizeof ways / sizeof *ways);
    tc = gruvid_case(suite, "alone");
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, test_swaps_leave_no_descriptor_behind);
    return run_suite(suite);
}
