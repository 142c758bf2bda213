/* SPDX-License-Identifier: MIT */

/*
 * server/udp.h - queries over UDP: a batch in by recvmmsg(2), a batch out by sendmmsg(2).
 *
 * Every datagram is a query that is counted, and then either an answer that the kernel has taken or
 * a drop with its reason. A send that fails costs the client that one answer and nobody else
 * anything.
 *
 * Lives on one worker's loop; nothing here may be called from another thread. All memory is taken
 * at udp_new(), none per packet.
 */

#ifndef SERVER_UDP_H
#define SERVER_UDP_H

#include <stdbool.h>
#include <uv.h>

#include "server/serving.h"
#include "server/socket.h"

enum {
    /* Larger requests are dropped: a question and any sensible options fit many times. */
    UDP_REQUEST_SIZE = 4096,
    UDP_BATCH_SIZE = 32, /* more gains nothing: the system call is shared already */
    /* Batches per wake-up, so that a flood on one socket leaves time for the other sockets. */
    UDP_BATCHES_PER_WAKE = 8,
};

struct udp;

/* The buffers that all UDP sockets of one worker share. Heap; ends in udp_batch_free(). */
struct udp_batch;
struct udp_batch *udp_batch_new(void);
void udp_batch_free(struct udp_batch *batch);

/*
 * Serve the UDP socket of `pair` on `loop`. `pair`, `batch` and `serving` are borrowed and outlive
 * the loop. NULL with the reason when the loop cannot watch the socket.
 */
struct udp *udp_new(uv_loop_t *loop, const struct socket_pair *pair, struct udp_batch *batch,
                    struct serving *serving, struct error *error);

/* Stop; the memory goes when the loop has run its close callbacks. The socket stays open. NULL
 * does nothing. */
void udp_close(struct udp *udp);

#endif
