/* SPDX-License-Identifier: MIT */

/*
 * server/tcp.c - the TCP listener: accepting, deadlines and the end.
 */

#include "server/tcp.h"

#include <stdlib.h>

#include "server/tcp_connection.h"
#include "zones/arena.h"

struct tcp_listener {
    uv_tcp_t handle;
    struct tcp_listener *next;
};

struct tcp_server {
    struct tcp_connections connections;
    struct tcp_listener *listeners;
    uv_timer_t sweep;
    bool is_stopping;
};

/* Without connections nothing of a stopped server is left but the timer. */
static void on_empty(void *owner)
{
    struct tcp_server *server = owner;

    if (server->is_stopping && !uv_is_closing((uv_handle_t *)&server->sweep)) {
        uv_close((uv_handle_t *)&server->sweep, NULL);
    }
}

/* libuv sheds by itself when descriptors run out, so that the listener does not spin. */
static void on_connection(uv_stream_t *listener, int status)
{
    struct tcp_server *server = listener->data;

    if (status < 0) {
        counters_add(&server->connections.serving->counters, COUNTER_TCP_SHED, 1);
        return;
    }
    tcp_connections_accept(&server->connections, listener);
}

static void on_sweep(uv_timer_t *timer)
{
    struct tcp_server *server = timer->data;

    if (server->is_stopping) {
        tcp_connections_close(&server->connections);
    } else {
        tcp_connections_sweep(&server->connections);
    }
}

struct tcp_server *tcp_server_new(uv_loop_t *loop, struct serving *serving)
{
    struct tcp_server *server = memory_new(sizeof(*server));

    server->connections = (struct tcp_connections){
        .loop = loop, .serving = serving, .on_empty = on_empty, .owner = server};
    (void)uv_timer_init(loop, &server->sweep);
    server->sweep.data = server;
    (void)uv_timer_start(&server->sweep, on_sweep, TCP_SWEEP_MS, TCP_SWEEP_MS);
    return server;
}

bool tcp_server_listen(struct tcp_server *server, struct socket_pair *pair, struct error *error)
{
    struct tcp_listener *listener = memory_new(sizeof(*listener));
    char text[SOCKET_ADDRESS_TEXT];
    int code = uv_tcp_init(server->connections.loop, &listener->handle);

    listener->handle.data = server;
    listener->next = server->listeners;
    server->listeners = listener;
    if (code == 0) {
        code = uv_tcp_open(&listener->handle, pair->tcp_fd);
    }
    if (code == 0) {
        pair->tcp_fd = -1;
        code = uv_listen((uv_stream_t *)&listener->handle, TCP_BACKLOG, on_connection);
    }
    if (code != 0) {
        return error_set(error, "cannot listen on %s (TCP): %s%s",
                         socket_address_to_text(&pair->address, text), uv_strerror(code),
                         code == UV_EADDRINUSE ? ": another process listens there" : "");
    }
    return true;
}

void tcp_server_stop(struct tcp_server *server)
{
    server->is_stopping = true;
    for (struct tcp_listener *listener = server->listeners; listener != NULL;
         listener = listener->next) {
        uv_close((uv_handle_t *)&listener->handle, NULL);
    }
    (void)uv_timer_start(&server->sweep, on_sweep, TCP_DRAIN_MS, TCP_DRAIN_MS);
    tcp_connections_stop(&server->connections);
    if (server->connections.count == 0) {
        on_empty(server);
    }
}

void tcp_server_free(struct tcp_server *server)
{
    if (server == NULL) {
        return;
    }
    while (server->listeners != NULL) {
        struct tcp_listener *listener = server->listeners;

        server->listeners = listener->next;
        free(listener);
    }
    tcp_batch_pool_free(&server->connections.batches);
    free(server);
}
