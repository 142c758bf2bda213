/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_connection.c - one connection from accept to close.
 *
 * A read's messages are answered in batches of TCP_BATCH_SIZE, straight into the socket. What the
 * socket does not take at once becomes the connection's one pending write, and the connection is
 * not read from until that is done:
 *
 *     reading --answers taken--> reading
 *     reading --socket full----> pending --written--> reading
 *     reading, pending --bad length, stop--> ending --peer's end, deadline--> closed
 *     any     --error, deadline, peer's end--> closed --on_closed--> freed
 *
 * "Ending" has said goodbye to the peer and throws away what it still sends: close(2) with octets
 * unread would make the kernel drop the answers that are on their way (RFC 1122 section 4.2.2.13).
 */

#include "server/tcp_connection.h"

#include <stdlib.h>
#include <string.h>

#include "server/tcp.h"
#include "zones/arena.h"

/* Behind the longest partial message there is always room to read on. */
enum { INPUT_SIZE = 2 * (TCP_LENGTH_PREFIX + TCP_REQUEST_SIZE) };

struct tcp_connection {
    uv_tcp_t stream;
    uv_shutdown_t goodbye;
    struct tcp_connections *owner;
    struct tcp_connection *previous;
    struct tcp_connection *next;
    struct address client;
    uint64_t deadline_ms;
    bool is_pending; /* a batch waits for the peer */
    bool is_ending;  /* answers nothing more */
    size_t input_start;
    size_t input_end;
    uint8_t input[INPUT_SIZE];
};

static void connection_link(struct tcp_connections *owner, struct tcp_connection *connection)
{
    connection->next = owner->first;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    owner->first = connection;
    owner->count++;
}

static void connection_unlink(struct tcp_connection *connection)
{
    if (connection->previous == NULL) {
        connection->owner->first = connection->next;
    } else {
        connection->previous->next = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct tcp_connection *connection = handle->data;
    struct tcp_connections *owner = connection->owner;

    free(connection);
    owner->count--;
    if (owner->count == 0) {
        owner->on_empty(owner->owner);
    }
}

static bool connection_is_closing(const struct tcp_connection *connection)
{
    return uv_is_closing((const uv_handle_t *)&connection->stream) != 0;
}

static void connection_close(struct tcp_connection *connection)
{
    if (!connection_is_closing(connection)) {
        connection_unlink(connection);
        uv_close((uv_handle_t *)&connection->stream, on_closed);
    }
}

static void connection_allow(struct tcp_connection *connection, uint64_t time_ms)
{
    connection->deadline_ms = uv_now(connection->owner->loop) + time_ms;
}

/*
 * Answer whole messages from the input, up to one batch. A length that no query can have (RFC
 * 1035 section 4.1.1: a header has 12 octets) ends the connection: the framing is lost.
 */
static void connection_fill(struct tcp_connection *connection, struct tcp_batch *batch)
{
    while (batch->answer_count < TCP_BATCH_SIZE && !connection->is_ending) {
        const uint8_t *message = connection->input + connection->input_start;
        size_t available = connection->input_end - connection->input_start;
        size_t length = 0;

        if (available < TCP_LENGTH_PREFIX) {
            return;
        }
        length = (size_t)(message[0] << 8 | message[1]);
        if (length < HEADER_LENGTH || length > TCP_REQUEST_SIZE) {
            counters_add(&connection->owner->serving->counters, COUNTER_TCP_BAD_LENGTH, 1);
            connection->is_ending = true;
            return;
        }
        if (available < TCP_LENGTH_PREFIX + length) {
            return;
        }
        connection->input_start += TCP_LENGTH_PREFIX + length;
        tcp_batch_answer(batch, connection->owner->serving, message + TCP_LENGTH_PREFIX, length,
                         &connection->client);
    }
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer);

static void connection_read(struct tcp_connection *connection)
{
    int code = uv_read_start((uv_stream_t *)&connection->stream, on_room_wanted, on_read);

    if (code != 0 && code != UV_EALREADY) {
        connection_close(connection);
    }
}

/* Needed: libuv calls it without asking whether it is there when the stream closes first. */
static void on_goodbye(uv_shutdown_t *goodbye, int status)
{
    (void)goodbye;
    (void)status;
}

/* The half that sends is closed behind the last answer; the peer closes the other half. */
static void connection_end(struct tcp_connection *connection)
{
    connection->is_ending = true;
    connection_allow(connection, TCP_DRAIN_MS);
    if (uv_shutdown(&connection->goodbye, (uv_stream_t *)&connection->stream, on_goodbye) != 0) {
        connection_close(connection);
        return;
    }
    connection_read(connection);
}

/* All answers of the batch are the socket's: over TCP a client is its address alone. */
static void connection_note(const struct tcp_connection *connection, const struct tcp_batch *batch)
{
    int64_t now_ms = (int64_t)uv_now(connection->owner->loop);

    for (size_t i = 0; i < batch->answer_count; i++) {
        serving_note(connection->owner->serving, &batch->responses[i], &connection->client, 0,
                     now_ms);
    }
}

static void on_written(uv_write_t *write, int status);

/* The rest of a batch waits for the peer, and with it the records that it points to. */
static void connection_suspend(struct tcp_connection *connection, struct tcp_batch *batch,
                               size_t taken)
{
    tcp_batch_skip(batch, taken);
    batch->snapshot = snapshot_ref(connection->owner->serving->snapshot);
    batch->write.data = batch;
    connection->is_pending = true;
    (void)uv_read_stop((uv_stream_t *)&connection->stream);
    connection_allow(connection, TCP_WRITE_MS);
    if (uv_write(&batch->write, (uv_stream_t *)&connection->stream, batch->buffers,
                 batch->buffer_count, on_written) != 0) {
        connection->is_pending = false;
        snapshot_unref(batch->snapshot);
        tcp_batch_give(&connection->owner->batches, batch);
        connection_close(connection);
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
        connection_close(connection);
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

/* Answer all that lies in the input, or as much as the peer takes. */
static void connection_serve(struct tcp_connection *connection)
{
    size_t served_from = connection->input_start;
    size_t round_from = 0;

    do {
        struct tcp_batch *batch = tcp_batch_take(&connection->owner->batches);

        round_from = connection->input_start;
        connection_fill(connection, batch);
        if (!connection_send(connection, batch)) {
            return;
        }
    } while (connection->input_start != round_from);
    if (connection->is_ending) {
        connection_end(connection);
        return;
    }
    /* A message that trickles in does not get new time with every octet. */
    if (connection->input_start == connection->input_end) {
        connection_allow(connection, TCP_IDLE_MS);
    } else if (connection->input_start != served_from) {
        connection_allow(connection, TCP_PARTIAL_MS);
    }
    memmove(connection->input, connection->input + connection->input_start,
            connection->input_end - connection->input_start);
    connection->input_end -= connection->input_start;
    connection->input_start = 0;
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct tcp_connection *connection = handle->data;

    (void)suggested;
    if (connection->is_ending) {
        connection->input_end = 0; /* thrown away */
    }
    *buffer = uv_buf_init((char *)connection->input + connection->input_end,
                          (unsigned)(INPUT_SIZE - connection->input_end));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct tcp_connection *connection = stream->data;

    (void)buffer;
    if (count < 0) {
        connection_close(connection);
        return;
    }
    if (count == 0 || connection->is_ending) {
        return;
    }
    if (connection->input_end == 0) {
        connection_allow(connection, TCP_PARTIAL_MS);
    }
    connection->input_end += (size_t)count;
    connection_serve(connection);
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
    connection->is_pending = false;
    connection_allow(connection, TCP_PARTIAL_MS);
    if (connection_is_closing(connection)) {
        return;
    }
    if (status < 0) {
        connection_close(connection);
        return;
    }
    connection_serve(connection);
    if (!connection->is_pending && !connection->is_ending && !connection_is_closing(connection)) {
        connection_read(connection);
    }
}

static struct address stream_peer(const uv_tcp_t *stream)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    int length = sizeof(peer);

    (void)uv_tcp_getpeername(stream, (struct sockaddr *)&peer, &length);
    return serving_client(&peer);
}

/* What is beyond the limit is accepted too: left in the queue it would wake us for ever. */
void tcp_connections_accept(struct tcp_connections *connections, uv_stream_t *listener)
{
    struct counters *counters = &connections->serving->counters;
    struct tcp_connection *connection = memory_new(sizeof(*connection));
    bool is_shed = connections->count >= TCP_CONNECTIONS_MAX;

    connection->owner = connections;
    (void)uv_tcp_init(connections->loop, &connection->stream);
    connection->stream.data = connection;
    connection_link(connections, connection);
    if (uv_accept(listener, (uv_stream_t *)&connection->stream) != 0 || is_shed) {
        counters_add(counters, COUNTER_TCP_SHED, 1);
        connection_close(connection);
        return;
    }
    counters_add(counters, COUNTER_TCP_ACCEPTED, 1);
    connection->client = stream_peer(&connection->stream);
    connection_allow(connection, TCP_IDLE_MS);
    (void)uv_tcp_nodelay(&connection->stream, 1);
    connection_read(connection);
}

void tcp_connections_sweep(struct tcp_connections *connections)
{
    uint64_t now_ms = uv_now(connections->loop);
    struct tcp_connection *next = NULL;

    for (struct tcp_connection *connection = connections->first; connection != NULL;
         connection = next) {
        next = connection->next;
        if (now_ms >= connection->deadline_ms) {
            counters_add(&connections->serving->counters, COUNTER_TCP_TIMED_OUT, 1);
            connection_close(connection);
        }
    }
}

void tcp_connections_stop(struct tcp_connections *connections)
{
    struct tcp_connection *next = NULL;

    for (struct tcp_connection *connection = connections->first; connection != NULL;
         connection = next) {
        next = connection->next;
        if (connection->is_pending) {
            connection->is_ending = true;
        } else {
            connection_close(connection);
        }
    }
}

void tcp_connections_close(struct tcp_connections *connections)
{
    while (connections->first != NULL) {
        connection_close(connections->first);
    }
}
