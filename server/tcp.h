/* SPDX-License-Identifier: MIT */

/*
 * server/tcp.h - queries over TCP (RFC 7766): pipelining, and all answers of one read in one write.
 *
 * Lives on one worker's loop; nothing here may be called from another thread. A connection that
 * does not take its answers is not read from: at most TCP_BATCH_SIZE answers of it are under way,
 * and they borrow the records from the snapshot, so that a slow reader costs a few kilobytes.
 */

#ifndef SERVER_TCP_H
#define SERVER_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "server/serving.h"
#include "server/socket.h"

enum {
    /* Per worker. HAProxy opens a handful, dig one; a newcomer beyond this is closed at once. */
    TCP_CONNECTIONS_MAX = 1024,
    TCP_REQUEST_SIZE = 4096, /* as over UDP; a longer message ends the connection */
    TCP_BATCH_SIZE = 32,     /* answers of one connection under way */
    TCP_BACKLOG = 511,       /* connections that wait for accept(2) */
    TCP_IDLE_MS = 10000,     /* HAProxy closes what it does not need after 5 s */
    TCP_PARTIAL_MS = 2000,   /* from a message's first octet to its last */
    TCP_WRITE_MS = 5000,     /* for the peer to take one batch of answers */
    TCP_DRAIN_MS = 1000,     /* for answers under way at shutdown */
    TCP_SWEEP_MS = 500,      /* how often the times above are looked at */
};

struct tcp_server;

/*
 * A server without listeners on `loop`. `serving` is borrowed and outlives the loop. Ends in
 * tcp_server_stop(), the end of the loop, and tcp_server_free().
 */
struct tcp_server *tcp_server_new(uv_loop_t *loop, struct serving *serving);

/*
 * Listen on the TCP socket of `pair`. On success the socket belongs to the loop and
 * `pair->tcp_fd` is -1. False with the reason: another process listens on the address.
 */
bool tcp_server_listen(struct tcp_server *server, struct socket_pair *pair, struct error *error);

/*
 * Close listeners and quiet connections; answers under way may still leave for up to TCP_DRAIN_MS.
 * After that nothing of the server keeps the loop alive.
 */
void tcp_server_stop(struct tcp_server *server);

/* Only when the loop has ended after tcp_server_stop(). NULL does nothing. */
void tcp_server_free(struct tcp_server *server);

#endif
