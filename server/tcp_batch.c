/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_batch.c - framing answers as lists of buffers, without copying records.
 */

#include "server/tcp_batch.h"

#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"

/* Kept for the next rush instead of being freed: about 2 MiB. */
enum { SPARE_BATCHES_MAX = 64 };

struct tcp_batch *tcp_batch_take(struct tcp_batch_pool *pool)
{
    struct tcp_batch *batch = pool->spare;

    if (batch == NULL) {
        batch = memory_new(sizeof(*batch));
    } else {
        pool->spare = batch->next_spare;
        pool->spare_count--;
    }
    batch->answer_count = 0;
    batch->buffer_count = 0;
    batch->length_octets = 0;
    return batch;
}

void tcp_batch_give(struct tcp_batch_pool *pool, struct tcp_batch *batch)
{
    if (pool->spare_count >= SPARE_BATCHES_MAX) {
        free(batch);
        return;
    }
    batch->next_spare = pool->spare;
    pool->spare = batch;
    pool->spare_count++;
}

void tcp_batch_pool_free(struct tcp_batch_pool *pool)
{
    while (pool->spare != NULL) {
        struct tcp_batch *batch = pool->spare;

        pool->spare = batch->next_spare;
        free(batch);
    }
    pool->spare_count = 0;
}

static void batch_add_buffer(struct tcp_batch *batch, void *octets, size_t length)
{
    batch->buffers[batch->buffer_count++] = uv_buf_init(octets, (unsigned)length);
    batch->length_octets += length;
}

void tcp_batch_answer(struct tcp_batch *batch, struct serving *serving, const uint8_t *request,
                      size_t length, const struct address *client)
{
    struct response *response = &batch->responses[batch->answer_count];
    uint8_t *prefix = batch->prefixes[batch->answer_count];

    serving_respond(serving, response, request, length, TRANSPORT_TCP, client);
    if (response->part_count == 0) {
        return;
    }
    prefix[0] = (uint8_t)(response->length >> 8);
    prefix[1] = (uint8_t)response->length;
    batch_add_buffer(batch, prefix, TCP_LENGTH_PREFIX);
    for (size_t i = 0; i < response->part_count; i++) {
        batch_add_buffer(batch, response->parts[i].iov_base, response->parts[i].iov_len);
    }
    batch->answer_count++;
}

void tcp_batch_skip(struct tcp_batch *batch, size_t taken)
{
    unsigned first = 0;

    while (first < batch->buffer_count && taken >= batch->buffers[first].len) {
        taken -= batch->buffers[first].len;
        first++;
    }
    batch->buffer_count -= first;
    memmove(batch->buffers, batch->buffers + first, batch->buffer_count * sizeof(uv_buf_t));
    if (batch->buffer_count > 0) {
        batch->buffers[0].base += taken;
        batch->buffers[0].len -= taken;
    }
}
