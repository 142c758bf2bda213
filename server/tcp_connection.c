/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_connection.c - the life of one connection: its states, reading, and its end.
 *
 * Messages are answered in batches, straight into the socket (tcp_serve.c). What the socket does
 * not take at once becomes the connection's one pending write; what the turn does not allow waits
 * for the next one; and who waits is not read from, so that TCP itself holds up the peer:
 *
 *     fresh, idle, partial --answers taken--> idle, or partial when a message has begun
 *     fresh, idle, partial --turn is over---> waiting --next turn--> as above
 *     any of these         --socket full----> pending --written----> as above
 *     (a stranger's idle is a state of its own)
 *     any of these         --bad length, stop--> ending --peer's end, deadline--> closed
 *     any                  --error, deadline, peer's end--> closed --on_closed--> freed
 *
 * "Ending" has said goodbye to the peer and throws away what it still sends: close(2) with octets
 * unread would make the kernel drop the answers that are on their way (RFC 1122 section 4.2.2.13).
 */

#include "server/tcp_connection.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/tcp_serve.h"
#include "zones/arena.h"

bool tcp_connection_is_closing(const struct tcp_connection *connection)
{
    return uv_is_closing((const uv_handle_t *)&connection->stream) != 0;
}

void tcp_connection_count(struct tcp_connection *connection, enum counter fate)
{
    if (!connection->has_fate) {
        connection->has_fate = true;
        counters_add(&connection->owner->serving->counters, fate, 1);
    }
}

void tcp_connection_enter(struct tcp_connection *connection, enum tcp_state state)
{
    struct tcp_list *lists = connection->owner->by_state;

    tcp_list_remove(&lists[connection->state], &connection->state_link);
    connection->state = state;
    connection->since_ms = uv_now(connection->owner->loop);
    tcp_list_append(&lists[state], &connection->state_link);
}

static void on_closed(uv_handle_t *handle)
{
    struct tcp_connection *connection = handle->data;
    struct tcp_connections *owner = connection->owner;

    free(connection);
    owner->closing_count--;
    if (owner->closing_count == 0 && owner->by_age.count == 0) {
        owner->on_empty(owner->owner);
    }
}

/* Whoever has not taken our answers until now does not get them from the kernel either, which would
 * keep them for minutes. */
void tcp_connection_close(struct tcp_connection *connection, enum counter fate)
{
    struct tcp_connections *owner = connection->owner;

    if (tcp_connection_is_closing(connection)) {
        return;
    }
    tcp_connection_count(connection, fate);
    tcp_list_remove(&owner->by_age, &connection->age_link);
    tcp_list_remove(&owner->by_state[connection->state], &connection->state_link);
    tcp_clients_remove(&owner->clients, &connection->client);
    owner->closing_count++;
    if (connection->state != TCP_STATE_PENDING || fate == COUNTER_TCP_ENDED ||
        uv_tcp_close_reset(&connection->stream, on_closed) != 0) {
        uv_close((uv_handle_t *)&connection->stream, on_closed);
    }
}

/* ---- reading and not reading ---- */

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct tcp_connection *connection = handle->data;

    (void)suggested;
    if (connection->is_last) {
        connection->input_end = 0; /* thrown away */
    }
    *buffer = uv_buf_init((char *)connection->input + connection->input_end,
                          (unsigned)(TCP_INPUT_SIZE - connection->input_end));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct tcp_connection *connection = stream->data;

    (void)buffer;
    if (count < 0) {
        tcp_connection_close(connection, COUNTER_TCP_ENDED);
        return;
    }
    if (count == 0 || connection->is_last) {
        return;
    }
    connection->input_end += (size_t)count;
    tcp_serve(connection);
}

void tcp_connection_read(struct tcp_connection *connection)
{
    if (connection->is_reading) {
        return;
    }
    connection->is_reading = true;
    if (uv_read_start((uv_stream_t *)&connection->stream, on_room_wanted, on_read) != 0) {
        tcp_connection_close(connection, COUNTER_TCP_ENDED);
    }
}

void tcp_connection_wait(struct tcp_connection *connection, enum tcp_state state)
{
    connection->is_reading = false;
    (void)uv_read_stop((uv_stream_t *)&connection->stream);
    tcp_connection_enter(connection, state);
}

/* ---- the end ---- */

/* Needed: libuv calls it without asking whether it is there when the stream closes first. */
static void on_goodbye(uv_shutdown_t *goodbye, int status)
{
    (void)goodbye;
    (void)status;
}

/* The half that sends is closed behind the last answer; the peer closes the other half. */
void tcp_connection_end(struct tcp_connection *connection)
{
    connection->is_last = true;
    tcp_connection_enter(connection, TCP_STATE_ENDING);
    if (uv_shutdown(&connection->goodbye, (uv_stream_t *)&connection->stream, on_goodbye) != 0) {
        tcp_connection_close(connection, COUNTER_TCP_ENDED);
        return;
    }
    tcp_connection_read(connection);
}

void tcp_connection_finish(struct tcp_connection *connection, enum counter fate)
{
    switch (connection->state) {
    case TCP_STATE_PENDING:
        tcp_connection_count(connection, fate);
        connection->is_last = true;
        return;
    case TCP_STATE_WAITING:
        tcp_connection_count(connection, fate);
        tcp_connection_end(connection);
        return;
    case TCP_STATE_ENDING:
        return;
    default:
        tcp_connection_close(connection, fate);
    }
}

void tcp_connection_open(struct tcp_connections *owner, int fd, const struct address *client)
{
    struct tcp_connection *connection = memory_new(sizeof(*connection));
    int code = uv_tcp_init(owner->loop, &connection->stream);

    connection->owner = owner;
    connection->client = *client;
    connection->is_stranger = !snapshot_has_client(owner->serving->snapshot, client);
    connection->stream.data = connection;
    connection->age_link.connection = connection;
    connection->state_link.connection = connection;
    connection->opened_ms = uv_now(owner->loop);
    connection->since_ms = connection->opened_ms;
    tcp_clients_add(&owner->clients, client);
    tcp_list_append(&owner->by_age, &connection->age_link);
    tcp_list_append(&owner->by_state[TCP_STATE_FRESH], &connection->state_link);
    if (code == 0) {
        code = uv_tcp_open(&connection->stream, fd);
    }
    if (code != 0) {
        (void)close(fd);
        tcp_connection_close(connection, COUNTER_TCP_ENDED);
        return;
    }
    tcp_connection_read(connection);
}
