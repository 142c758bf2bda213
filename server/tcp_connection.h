/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_connection.h - the connections of one TCP server.
 *
 * A connection frees itself when it is closed. One thread, that of the loop.
 */

#ifndef SERVER_TCP_CONNECTION_H
#define SERVER_TCP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "server/serving.h"
#include "server/tcp_batch.h"

struct tcp_connection;

struct tcp_connections {
    uv_loop_t *loop;
    struct serving *serving;
    struct tcp_batch_pool batches;
    struct tcp_connection *first;
    size_t count;                  /* also those that are closing */
    void (*on_empty)(void *owner); /* the last one has gone */
    void *owner;
};

/* Take the connection that waits at `listener`; beyond TCP_CONNECTIONS_MAX it is closed at once. */
void tcp_connections_accept(struct tcp_connections *connections, uv_stream_t *listener);

/* Close those whose time is over. */
void tcp_connections_sweep(struct tcp_connections *connections);

/* End those that owe nothing, and the others when their answers have left. */
void tcp_connections_stop(struct tcp_connections *connections);

/* Close all of them now. */
void tcp_connections_close(struct tcp_connections *connections);

#endif
