/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_connections.h - all connections of one TCP server: who may come in, who has to go, and
 * whose turn it is.
 *
 * Each connection is in one state, and the connections of a state are in the order in which they
 * got there; so the first of a list is the one whose time is over first, and the one that has been
 * idle longest. One thread, that of the loop.
 */

#ifndef SERVER_TCP_CONNECTIONS_H
#define SERVER_TCP_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "server/serving.h"
#include "server/tcp_batch.h"
#include "server/tcp_clients.h"
#include "server/tcp_list.h"

enum tcp_state {
    TCP_STATE_FRESH,    /* no whole message has come yet */
    TCP_STATE_IDLE,     /* all is answered, and nothing has come since */
    TCP_STATE_STRANGER, /* as idle, of a client outside every allow-query */
    TCP_STATE_PARTIAL,  /* a message has begun */
    TCP_STATE_WAITING,  /* for a turn of ours; not read from */
    TCP_STATE_PENDING,  /* for the peer to take a batch of answers; not read from */
    TCP_STATE_ENDING,   /* has said goodbye; what still comes is thrown away */
    TCP_STATE_COUNT,
};

struct tcp_connections {
    uv_loop_t *loop;
    struct serving *serving;
    struct tcp_batch_pool batches;
    struct tcp_clients clients;
    struct tcp_list by_age; /* all that are open, the oldest first */
    struct tcp_list by_state[TCP_STATE_COUNT];
    size_t limit;                  /* of those that are open */
    size_t closing_count;          /* closed, but libuv has not let go of them yet */
    uint64_t turn;                 /* how many there have been */
    int64_t turn_octets;           /* left of this one; 0 or less: it is over */
    void (*on_empty)(void *owner); /* the last one has gone */
    void *owner;
};

/*
 * Take the connected socket `fd` of `client`, or close it: when the client has too many, or the
 * table is full and nobody can be closed in its favour.
 */
void tcp_connections_admit(struct tcp_connections *connections, int fd,
                           const struct address *client);

/*
 * Close the connection that is missed least, and its descriptor with it: one that says nothing for
 * longest, strangers first, or lets us wait for TCP_STALLED_MS. False when there is none.
 */
bool tcp_connections_evict(struct tcp_connections *connections);

/* Begin a turn: answer those that wait, first come first served, as far as the turn goes. */
void tcp_connections_turn(struct tcp_connections *connections);

/* Whether somebody waits for the next turn. */
bool tcp_connections_are_waiting(const struct tcp_connections *connections);

/* Close those whose time is over. */
void tcp_connections_sweep(struct tcp_connections *connections);

/* End those that owe nothing, and the others when their answers have left. */
void tcp_connections_stop(struct tcp_connections *connections);

/* Close all of them now. */
void tcp_connections_close(struct tcp_connections *connections);

#endif
