/* SPDX-License-Identifier: MIT */
/* What the answers of gruvi-cookbook(7) leave to their reader. */
#include <stdlib.h>
#include <string.h>

#include <gruvid/request.h>

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"

struct pair {
    gruvi_stream_t *here, *there;
    gruvi_fiber_t *fiber;
    int error;
};
struct client {
    gruvi_queue_t lines;
    gruvi_fiber_t *writer;
};
struct picture {
    int row, rows;
};
struct library;

GRUVI_SWITCHPOINT int copy(gruvi_stream_t *from, gruvi_stream_t *to);
GRUVI_SWITCHPOINT int step(void *arg);
GRUVI_SWITCHPOINT int next_step(void *arg);
int fetch(void *arg, void **result);
int scale_some_rows(void *arg, void **result);
int ask_directory(void *arg, void **result);
void take(void *message);
void tick(gruvid_plugin_t *plugin);
bool library_has_answer(struct library *library);
int library_fd(struct library *library);
int library_ask(void *arg, void **result);
void library_begin(struct library *library, void (*done)(void *arg), void *arg);
void library_forget(struct library *library);
