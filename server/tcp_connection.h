/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_connection.h - one connection, from accept to close.
 *
 * A connection frees itself when it is closed. One thread, that of the loop.
 */

#ifndef SERVER_TCP_CONNECTION_H
#define SERVER_TCP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "server/tcp.h"
#include "server/tcp_connections.h"

/* Behind the longest partial message there is always room to read on. */
enum { TCP_INPUT_SIZE = 2 * (TCP_LENGTH_PREFIX + TCP_REQUEST_SIZE) };

struct tcp_connection {
    uv_tcp_t stream;
    uv_shutdown_t goodbye;
    struct tcp_connections *owner;
    struct tcp_link age_link;
    struct tcp_link state_link;
    struct address client;
    enum tcp_state state;
    uint64_t opened_ms;   /* of the loop's clock */
    uint64_t since_ms;    /* when it got into its state */
    uint64_t turn;        /* the last one that it took part in */
    int64_t share_octets; /* left to it of that one */
    bool is_stranger;     /* outside every allow-query when it came */
    bool is_reading;
    bool is_last;  /* answers nothing more, and ends when its answers have left */
    bool has_fate; /* what became of it is counted */
    size_t input_start;
    size_t input_end;
    uint8_t input[TCP_INPUT_SIZE];
};

/* Take the connected, non-blocking socket `fd` into `owner`, and begin to read. */
void tcp_connection_open(struct tcp_connections *owner, int fd, const struct address *client);

/* Close it once answers that are under way have left: at once, when there are none. */
void tcp_connection_finish(struct tcp_connection *connection, enum counter fate);

/* Close it now; its fate is counted unless it has one. */
void tcp_connection_close(struct tcp_connection *connection, enum counter fate);

#endif
