/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_serve.c - framing, answering and writing.
 */

#include "server/tcp_serve.h"

#include <string.h>

enum frame { FRAME_PARTIAL, FRAME_WHOLE, FRAME_BAD };

/* ---- messages ---- */

/* A length that no query can have (RFC 1035 section 4.1.1: a header has 12 octets) is bad: the
 * framing is lost. */
static enum frame connection_next(const struct tcp_connection *connection, size_t *length)
{
    const uint8_t *message = connection->input + connection->input_start;
    size_t available = connection->input_end - connection->input_start;

    if (available < TCP_LENGTH_PREFIX) {
        return FRAME_PARTIAL;
    }
    *length = (size_t)(message[0] << 8 | message[1]);
    if (*length < HEADER_LENGTH || *length > TCP_REQUEST_SIZE) {
        return FRAME_BAD;
    }
    return available < TCP_LENGTH_PREFIX + *length ? FRAME_PARTIAL : FRAME_WHOLE;
}

static bool connection_has_message(const struct tcp_connection *connection)
{
    size_t length = 0;

    return !connection->is_last && connection_next(connection, &length) != FRAME_PARTIAL;
}

/* Answer whole messages from the input, up to one batch and while `share` octets last. */
static void connection_fill(struct tcp_connection *connection, struct tcp_batch *batch,
                            int64_t *share)
{
    struct tcp_connections *owner = connection->owner;

    serving_tick(owner->serving);
    while (*share > 0 && batch->answer_count < TCP_BATCH_SIZE) {
        size_t octets_before = batch->length_octets;
        size_t length = 0;
        enum frame frame = connection_next(connection, &length);

        if (frame == FRAME_BAD) {
            tcp_connection_count(connection, COUNTER_TCP_BAD_LENGTH);
            connection->is_last = true;
        }
        if (frame != FRAME_WHOLE) {
            return;
        }
        tcp_batch_answer(batch, owner->serving,
                         connection->input + connection->input_start + TCP_LENGTH_PREFIX, length,
                         &connection->client);
        connection->input_start += TCP_LENGTH_PREFIX + length;
        *share -= (int64_t)(batch->length_octets - octets_before) + TCP_MESSAGE_OCTETS;
    }
}

/* ---- writing ---- */

/* All answers of the batch are the socket's: over TCP a client is its address alone. */
static void connection_note(const struct tcp_connection *connection, const struct tcp_batch *batch)
{
    int64_t now_ms = (int64_t)uv_now(connection->owner->loop);

    for (size_t i = 0; i < batch->answer_count; i++) {
        serving_note(connection->owner->serving, &batch->responses[i], &connection->client, 0,
                     now_ms);
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct tcp_batch *batch = write->data;
    struct tcp_connection *connection = write->handle->data;

    if (status == 0) {
        connection_note(connection, batch);
    }
    snapshot_unref(batch->snapshot);
    tcp_batch_give(&connection->owner->batches, batch);
    if (tcp_connection_is_closing(connection)) {
        return;
    }
    if (status < 0) {
        tcp_connection_close(connection, COUNTER_TCP_ENDED);
        return;
    }
    tcp_serve(connection);
}

/* The rest of a batch waits for the peer, and with it the records that it points to. */
static void connection_suspend(struct tcp_connection *connection, struct tcp_batch *batch,
                               size_t taken)
{
    tcp_batch_skip(batch, taken);
    batch->snapshot = snapshot_ref(connection->owner->serving->snapshot);
    batch->write.data = batch;
    tcp_connection_wait(connection, TCP_STATE_PENDING);
    if (uv_write(&batch->write, (uv_stream_t *)&connection->stream, batch->buffers,
                 batch->buffer_count, on_written) != 0) {
        snapshot_unref(batch->snapshot);
        tcp_batch_give(&connection->owner->batches, batch);
        tcp_connection_close(connection, COUNTER_TCP_ENDED);
    }
}

/* Send one batch; true when the connection may go on at once. */
static bool connection_send(struct tcp_connection *connection, struct tcp_batch *batch)
{
    int taken = 0;

    if (batch->buffer_count > 0) {
        taken =
            uv_try_write((uv_stream_t *)&connection->stream, batch->buffers, batch->buffer_count);
    }
    if (taken < 0 && taken != UV_EAGAIN) {
        tcp_batch_give(&connection->owner->batches, batch);
        tcp_connection_close(connection, COUNTER_TCP_ENDED);
        return false;
    }
    if (taken >= 0 && (size_t)taken == batch->length_octets) {
        connection_note(connection, batch);
        tcp_batch_give(&connection->owner->batches, batch);
        return true;
    }
    connection_suspend(connection, batch, taken < 0 ? 0 : (size_t)taken);
    return false;
}

/* All is answered that came whole. A message that trickles in does not get new time with every
 * octet, and the first one none beyond that of a fresh connection. */
static void connection_rest(struct tcp_connection *connection)
{
    size_t rest = connection->input_end - connection->input_start;
    bool is_begun = connection->state == TCP_STATE_FRESH || connection->state == TCP_STATE_PARTIAL;
    enum tcp_state idle = connection->is_stranger ? TCP_STATE_STRANGER : TCP_STATE_IDLE;

    if (connection->input_start > 0 || !is_begun) {
        tcp_connection_enter(connection, rest == 0 ? idle : TCP_STATE_PARTIAL);
    }
    memmove(connection->input, connection->input + connection->input_start, rest);
    connection->input_start = 0;
    connection->input_end = rest;
    tcp_connection_read(connection);
}

/* What is left to the connection of this turn, in which it may be read from several times. */
static int64_t *connection_share(struct tcp_connection *connection)
{
    if (connection->turn != connection->owner->turn) {
        connection->turn = connection->owner->turn;
        connection->share_octets = TCP_SHARE_OCTETS;
    }
    return &connection->share_octets;
}

void tcp_serve(struct tcp_connection *connection)
{
    int64_t *turn = &connection->owner->turn_octets;
    int64_t *share = connection_share(connection);

    while (connection_has_message(connection)) {
        struct tcp_batch *batch = NULL;
        int64_t share_before = *share;

        if (*turn <= 0 || *share <= 0) {
            tcp_connection_wait(connection, TCP_STATE_WAITING);
            return;
        }
        batch = tcp_batch_take(&connection->owner->batches);
        connection_fill(connection, batch, share);
        *turn -= share_before - *share;
        if (!connection_send(connection, batch)) {
            return;
        }
    }
    if (connection->is_last) {
        tcp_connection_end(connection);
    } else {
        connection_rest(connection);
    }
}
