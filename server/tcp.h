/* SPDX-License-Identifier: MIT */

/*
 * server/tcp.h - queries over TCP (RFC 7766): pipelining, and the answers of one read in one write.
 *
 * Lives on one worker's loop; nothing here may be called from another thread. All limits are per
 * worker: with SO_REUSEPORT each worker has listeners of its own, the kernel spreads connections
 * over them, and the process as a whole takes `workers` times as much.
 *
 * Fairness: what TCP answers between two looks at the UDP sockets is at most TCP_TURN_OCTETS over
 * all connections, TCP_SHARE_OCTETS of it for one, and one answer more; who has more to be answered
 * waits in a queue for the next turn and is not read from meanwhile.
 *
 * Memory: a connection takes 9 KiB, and one that does not read its answers 37 KiB and a reference
 * to the snapshot that they borrow their records from, for at most TCP_WRITE_MS. The kernel adds up
 * to 2 x TCP_RECEIVE_OCTETS of unread queries, and unsent answers of TCP_UNSENT_OCTETS and one
 * write's remainder; 0.3 MiB were measured for both. When all of TCP_CONNECTIONS_MAX connections
 * ask without reading, that is 37 MiB a worker, and 0.3 GiB of the kernel's. The kernel lets go of
 * it when we close on a peer that does not read, and when a peer has taken nothing for TCP_IDLE_MS.
 *
 * The number of messages over one connection is not limited: a turn's budget makes a busy one
 * harmless, and when connections get scarce none lives longer than TCP_CROWDED_LIFE_MS.
 */

#ifndef SERVER_TCP_H
#define SERVER_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "server/serving.h"
#include "server/socket.h"

enum {
    /* Per worker, and less where descriptors do not suffice. HAProxy opens a handful, dig one. */
    TCP_CONNECTIONS_MAX = 1024,
    TCP_CONNECTIONS_MIN = 4, /* however few descriptors there are */
    /* Of one address (IPv6: of a /56), so that sixteen of them are needed to fill the table. */
    TCP_CONNECTIONS_PER_CLIENT = 64,
    TCP_RESERVED_DESCRIPTORS = 64, /* for AWS, state, control socket and what libraries open */

    TCP_REQUEST_SIZE = 4096, /* as over UDP; a longer message ends the connection */
    TCP_BATCH_SIZE = 32,     /* answers of one connection under way */
    TCP_BACKLOG = 511,       /* connections that wait for accept(2) */
    TCP_ACCEPTS_PER_WAKE = 32,

    /* What is answered before UDP has its turn again, some 150 us of copying, and how much of that
     * is one connection's. A quarter costs large answers a fifth of their rate, in ever more and
     * smaller writes; twice as much gains nothing. */
    TCP_TURN_OCTETS = 512 * 1024,
    TCP_SHARE_OCTETS = TCP_TURN_OCTETS / 2,
    TCP_MESSAGE_OCTETS = 2048,      /* what a message costs of either, beside its answer */
    TCP_RECEIVE_OCTETS = 32 * 1024, /* hundreds of queries; the kernel doubles it */
    TCP_UNSENT_OCTETS = 128 * 1024, /* in the socket; what is on its way comes on top */

    TCP_IDLE_MS = 10000,        /* HAProxy closes what it does not need after 5 s */
    TCP_FIRST_MS = 2000,        /* from accept to the end of the first message */
    TCP_PARTIAL_MS = 2000,      /* from a message's first octet to its last */
    TCP_WRITE_MS = 5000,        /* for the peer to take one batch of answers */
    TCP_DRAIN_MS = 1000,        /* for answers under way at the end of a connection */
    TCP_CROWDED_IDLE_MS = 2000, /* when more than three quarters of the connections are in use */
    TCP_CROWDED_LIFE_MS = 30000,
    TCP_STALLED_MS = 1000,     /* in a full table, who lets us wait for so long may be closed */
    TCP_SWEEP_MS = 500,        /* how often the times above are looked at */
    TCP_ACCEPT_PAUSE_MS = 200, /* without descriptors; UDP goes on */
};

struct tcp_server;

/*
 * How many connections each of `workers` workers may have when the process can open `descriptors`
 * more descriptors: TCP_RESERVED_DESCRIPTORS are left to others. From TCP_CONNECTIONS_MIN to
 * TCP_CONNECTIONS_MAX. Pure.
 */
size_t tcp_connections_affordable(size_t descriptors, size_t workers);

/*
 * A server without listeners on `loop`, for TCP_CONNECTIONS_MAX connections. `serving` is borrowed
 * and outlives the loop. Ends in tcp_server_stop(), the end of the loop, and tcp_server_free().
 */
struct tcp_server *tcp_server_new(uv_loop_t *loop, struct serving *serving);

/* Take at most `connections_max` connections, 1 to TCP_CONNECTIONS_MAX. Before the loop runs. */
void tcp_server_limit(struct tcp_server *server, size_t connections_max);

/*
 * Listen on the TCP socket of `pair`. On success the socket belongs to the server and
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
