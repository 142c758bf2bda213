/* SPDX-License-Identifier: MIT */

/*
 * server/control.h - HTTP over the Unix control socket, for the verbs
 * and for whoever scrapes.
 *
 *     GET  /v1/status             everything that is served: see server/status.h
 *     GET  /v1/status/CLUSTER     one cluster
 *     GET  /v1/explain/SUBJECT    why it is in the answer or not: see server/explain_document.h
 *     POST /v1/accept/CLUSTER     let go what the guard holds back: {"cluster", "accepted": number}
 *     POST /v1/refresh            look at every source now; answers 202 at once
 *     POST /v1/reload             read the configuration again; 200, or 422 with the reasons
 *     GET  /metrics               counts and states for Prometheus: see server/metrics.h
 *     GET  /ready                 200 when every zone has a table, else 503: server/readiness.h
 *     GET  /health                200 as long as the main loop runs, whatever AWS does
 *
 * libmicrohttpd on the main loop; control.c is the only file that knows it. The socket has mode
 * 0660. A stale socket of a dead process is replaced, that of a living one is an error.
 */

#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include <stdbool.h>
#include <uv.h>

#include "zones/error.h"

struct control;

/* What the socket's requests are answered by. Each returns text on the heap, JSON but for the
 * metrics, freed by the control; `cluster` is NULL for all. NULL text: no such cluster. */
struct control_handlers {
    void *owner;
    char *(*status)(void *owner, const char *cluster);
    void (*refresh)(void *owner);
    /* False, with every complaint in `*text` as {"errors": [...]}, when nothing was changed. */
    bool (*reload)(void *owner, char **text);
    char *(*metrics)(void *owner);                      /* never NULL */
    char *(*explain)(void *owner, const char *subject); /* NULL: nobody has heard of it */
    size_t (*accept)(void *owner, const char *cluster); /* how many were let go */
    char *(*ready)(void *owner, bool *is_ready);        /* never NULL */
};

/* `path` is copied. False when the socket cannot be made. Main thread. */
bool control_open(struct control **control, uv_loop_t *loop, const char *path,
                  const struct control_handlers *handlers, struct error *error);

/* Remove the socket and free, once its handles are closed. NULL does nothing. */
void control_close(struct control *control);

#endif
