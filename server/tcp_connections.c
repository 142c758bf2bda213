/* SPDX-License-Identifier: MIT */

/*
 * server/tcp_connections.c - admission, eviction, deadlines and turns.
 */

#include "server/tcp_connections.h"

#include <unistd.h>

#include "server/tcp.h"
#include "server/tcp_connection.h"
#include "server/tcp_serve.h"

/* Parts of the table: beyond CROWDED it is crowded, and FRESH of it may belong to clients that
 * have not asked anything yet before those are the first to go. */
enum { CROWDED_QUARTERS = 3, FRESH_QUARTERS = 1, QUARTERS = 4 };

static uint64_t connection_age_ms(const struct tcp_connection *connection, uint64_t since_ms)
{
    return uv_now(connection->owner->loop) - since_ms;
}

static struct tcp_connection *list_first(const struct tcp_list *list)
{
    return list->first == NULL ? NULL : list->first->connection;
}

static void connections_count(struct tcp_connections *connections, enum counter counter)
{
    counters_add(&connections->serving->counters, counter, 1);
}

/*
 * Who only connects cannot push out who asks: above a quarter of the table the silent newcomers go
 * first, below it those that asked and have been idle longest.
 */
static struct tcp_connection *quietest(const struct tcp_connections *connections)
{
    const struct tcp_list *fresh = &connections->by_state[TCP_STATE_FRESH];
    const struct tcp_list *idle = &connections->by_state[TCP_STATE_IDLE];
    bool are_many_fresh = fresh->count * QUARTERS > connections->limit * FRESH_QUARTERS;

    return list_first(are_many_fresh || idle->count == 0 ? fresh : idle);
}

/* The one in `state` that has let us wait longest, if long enough. */
static struct tcp_connection *stalled(const struct tcp_connections *connections,
                                      enum tcp_state state)
{
    struct tcp_connection *first = list_first(&connections->by_state[state]);

    if (first != NULL && connection_age_ms(first, first->since_ms) < TCP_STALLED_MS) {
        return NULL;
    }
    return first;
}

bool tcp_connections_evict(struct tcp_connections *connections)
{
    struct tcp_connection *leaver = list_first(&connections->by_state[TCP_STATE_ENDING]);

    leaver = leaver == NULL ? list_first(&connections->by_state[TCP_STATE_STRANGER]) : leaver;
    leaver = leaver == NULL ? quietest(connections) : leaver;
    leaver = leaver == NULL ? stalled(connections, TCP_STATE_PARTIAL) : leaver;
    leaver = leaver == NULL ? stalled(connections, TCP_STATE_PENDING) : leaver;
    if (leaver == NULL) {
        return false;
    }
    tcp_connection_close(leaver, COUNTER_TCP_EVICTED);
    return true;
}

/* What is refused is accepted first: left in the queue it would wake us for ever. */
void tcp_connections_admit(struct tcp_connections *connections, int fd,
                           const struct address *client)
{
    if (tcp_clients_count(&connections->clients, client) >= TCP_CONNECTIONS_PER_CLIENT) {
        connections_count(connections, COUNTER_TCP_CLIENT_LIMIT);
        (void)close(fd);
        return;
    }
    if (connections->by_age.count >= connections->limit && !tcp_connections_evict(connections)) {
        connections_count(connections, COUNTER_TCP_SHED);
        (void)close(fd);
        return;
    }
    connections_count(connections, COUNTER_TCP_ACCEPTED);
    tcp_connection_open(connections, fd, client);
}

void tcp_connections_turn(struct tcp_connections *connections)
{
    size_t count = connections->by_state[TCP_STATE_WAITING].count; /* once each */

    connections->turn++;
    connections->turn_octets = TCP_TURN_OCTETS;
    for (; count > 0 && connections->turn_octets > 0; count--) {
        tcp_serve(list_first(&connections->by_state[TCP_STATE_WAITING]));
    }
}

bool tcp_connections_are_waiting(const struct tcp_connections *connections)
{
    return connections->by_state[TCP_STATE_WAITING].count > 0;
}

static bool connections_are_crowded(const struct tcp_connections *connections)
{
    return connections->by_age.count * QUARTERS > connections->limit * CROWDED_QUARTERS;
}

static void sweep_state(struct tcp_connections *connections, enum tcp_state state,
                        uint64_t allowed_ms, enum counter fate)
{
    struct tcp_connection *first = list_first(&connections->by_state[state]);

    while (first != NULL && connection_age_ms(first, first->since_ms) >= allowed_ms) {
        tcp_connection_close(first, fate);
        first = list_first(&connections->by_state[state]);
    }
}

static void sweep_age(struct tcp_connections *connections)
{
    struct tcp_link *next = NULL;

    for (struct tcp_link *link = connections->by_age.first; link != NULL; link = next) {
        next = link->next;
        if (connection_age_ms(link->connection, link->connection->opened_ms) <
            TCP_CROWDED_LIFE_MS) {
            return;
        }
        tcp_connection_finish(link->connection, COUNTER_TCP_EXPIRED);
    }
}

void tcp_connections_sweep(struct tcp_connections *connections)
{
    bool are_crowded = connections_are_crowded(connections);
    uint64_t idle_ms = are_crowded ? TCP_CROWDED_IDLE_MS : TCP_IDLE_MS;

    sweep_state(connections, TCP_STATE_FRESH, TCP_FIRST_MS, COUNTER_TCP_SLOW);
    sweep_state(connections, TCP_STATE_PARTIAL, TCP_PARTIAL_MS, COUNTER_TCP_SLOW);
    sweep_state(connections, TCP_STATE_PENDING, TCP_WRITE_MS, COUNTER_TCP_NOT_READING);
    sweep_state(connections, TCP_STATE_ENDING, TCP_DRAIN_MS, COUNTER_TCP_ENDED);
    if (are_crowded) {
        sweep_age(connections);
    }
    sweep_state(connections, TCP_STATE_IDLE, idle_ms, COUNTER_TCP_TIMED_OUT);
    sweep_state(connections, TCP_STATE_STRANGER, idle_ms, COUNTER_TCP_TIMED_OUT);
}

void tcp_connections_stop(struct tcp_connections *connections)
{
    struct tcp_link *next = NULL;

    for (struct tcp_link *link = connections->by_age.first; link != NULL; link = next) {
        next = link->next;
        tcp_connection_finish(link->connection, COUNTER_TCP_ENDED);
    }
}

void tcp_connections_close(struct tcp_connections *connections)
{
    while (connections->by_age.first != NULL) {
        tcp_connection_close(list_first(&connections->by_age), COUNTER_TCP_ENDED);
    }
}
