/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_batch.h - the answers to one read of a TCP connection, ready for one write.
 *
 * A batch borrows its records from the snapshot that it was answered from. Batches come from a
 * pool, so that none is allocated per read. One thread, that of the pool's server.
 */

#ifndef SERVER_TCP_BATCH_H
#define SERVER_TCP_BATCH_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "server/serving.h"
#include "server/tcp.h"

enum {
    TCP_LENGTH_PREFIX = 2, /* RFC 1035 section 4.2.2 */
    TCP_BUFFERS_PER_ANSWER = 1 + RESPONSE_PARTS,
};

struct tcp_batch {
    uv_write_t write;
    struct tcp_batch *next_spare;
    struct snapshot *snapshot; /* a reference while the write is pending */
    size_t answer_count;
    unsigned buffer_count;
    size_t length_octets;
    uv_buf_t buffers[TCP_BATCH_SIZE * TCP_BUFFERS_PER_ANSWER];
    uint8_t prefixes[TCP_BATCH_SIZE][TCP_LENGTH_PREFIX];
    struct response responses[TCP_BATCH_SIZE];
};

/* Batches that are not in use; zeroed memory is an empty pool. */
struct tcp_batch_pool {
    struct tcp_batch *spare;
    size_t spare_count;
};

/* An empty batch; ends in tcp_batch_give(). */
struct tcp_batch *tcp_batch_take(struct tcp_batch_pool *pool);
void tcp_batch_give(struct tcp_batch_pool *pool, struct tcp_batch *batch);
void tcp_batch_pool_free(struct tcp_batch_pool *pool);

/* Answer one request, without its length prefix, at the end of the batch, which is not full. */
void tcp_batch_answer(struct tcp_batch *batch, struct serving *serving, const uint8_t *request,
                      size_t length, const struct address *client);

/* Leave out the first `taken` octets: the socket has them already. */
void tcp_batch_skip(struct tcp_batch *batch, size_t taken);

#endif
