/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/tcp_load.c - the stream is followed by its length prefixes; of each answer only
 * prefix and head are looked at.
 */

#include "tests/bench/load/tcp_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zones/arena.h"

enum {
    IDS = 65536,
    PREFIX_OCTETS = 2,
    LEAD_OCTETS = PREFIX_OCTETS + ANSWER_HEAD_OCTETS,
    READ_OCTETS = 512 * 1024,
    IDLE_WAIT_MS = 1,
};

static const int64_t LOST_NS = (int64_t)LOAD_LOST_MS * 1000000;

struct tcp_client {
    int fd;
    uint16_t next_id;
    size_t under_way;
    int64_t sent_ns[IDS]; /* 0: not under way */
    uint8_t *out;         /* queries that the kernel has not taken yet */
    size_t out_length;
    size_t out_sent;
    uint8_t lead[LEAD_OCTETS]; /* of the answer that is coming in */
    size_t lead_length;
    size_t body_left; /* octets of it behind the lead */
};

struct tcp_load {
    const struct load_settings *settings;
    struct queries *queries;
    struct tally *tally;
    struct tcp_client *clients;
    uint8_t *stream; /* READ_OCTETS, shared: nothing in it outlives one read */
};

static void client_connect(struct tcp_client *client, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int yes = 1;

    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 ||
        connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("bench_load: TCP connection");
        exit(1);
    }
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/* The server has closed: all that was under way is lost. */
static void client_reconnect(struct tcp_load *load, struct tcp_client *client)
{
    load->tally->lost += client->under_way;
    (void)close(client->fd);
    memset(client->sent_ns, 0, sizeof(client->sent_ns));
    client->under_way = client->out_length = client->out_sent = 0;
    client->lead_length = client->body_left = 0;
    client_connect(client, load->settings->port);
}

static void window_fill(struct tcp_load *load, struct tcp_client *client)
{
    int64_t now_ns = tally_now_ns();

    if (client->out_length > 0) {
        return; /* the kernel is behind already */
    }
    while (client->under_way < load->settings->window) {
        const struct query *query = queries_next(load->queries);
        uint8_t *at = client->out + client->out_length;

        at[0] = (uint8_t)(query->length >> 8);
        at[1] = (uint8_t)query->length;
        memcpy(at + PREFIX_OCTETS, query->octets, query->length);
        at[2] = (uint8_t)(client->next_id >> 8);
        at[3] = (uint8_t)client->next_id;
        client->out_length += PREFIX_OCTETS + query->length;
        client->sent_ns[client->next_id++] = now_ns;
        client->under_way++;
        load->tally->sent++;
    }
}

static void out_flush(struct tcp_client *client)
{
    ssize_t sent = 0;

    if (client->out_length == 0) {
        return;
    }
    sent = send(client->fd, client->out + client->out_sent, client->out_length - client->out_sent,
                MSG_DONTWAIT | MSG_NOSIGNAL);
    client->out_sent += sent > 0 ? (size_t)sent : 0;
    if (client->out_sent == client->out_length) {
        client->out_length = client->out_sent = 0;
    }
}

static void lead_take(struct tcp_load *load, struct tcp_client *client, int64_t now_ns)
{
    const uint8_t *head = client->lead + PREFIX_OCTETS;
    size_t octets = (size_t)client->lead[0] << 8 | client->lead[1];
    uint16_t id = (uint16_t)(head[0] << 8 | head[1]);

    if (octets < ANSWER_HEAD_OCTETS) {
        (void)fprintf(stderr, "bench_load: an answer of %zu octets over TCP\n", octets);
        exit(1);
    }
    client->body_left = octets - ANSWER_HEAD_OCTETS;
    if (client->sent_ns[id] == 0) {
        load->tally->stray++;
        return;
    }
    tally_answer(load->tally, head, octets, now_ns - client->sent_ns[id]);
    client->sent_ns[id] = 0;
    client->under_way--;
}

static void stream_take(struct tcp_load *load, struct tcp_client *client, size_t length)
{
    const uint8_t *at = load->stream;
    const uint8_t *end = at + length;
    int64_t now_ns = tally_now_ns();

    while (at < end) {
        size_t here = (size_t)(end - at);

        if (client->lead_length < LEAD_OCTETS) {
            size_t missing = LEAD_OCTETS - client->lead_length;
            size_t taken = here < missing ? here : missing;

            memcpy(client->lead + client->lead_length, at, taken);
            client->lead_length += taken;
            at += taken;
            if (client->lead_length < LEAD_OCTETS) {
                return;
            }
            lead_take(load, client, now_ns);
            here -= taken;
        }
        if (here < client->body_left) {
            client->body_left -= here;
            return;
        }
        at += client->body_left;
        client->body_left = client->lead_length = 0;
    }
}

static bool client_receive(struct tcp_load *load, struct tcp_client *client)
{
    ssize_t count = recv(client->fd, load->stream, READ_OCTETS, MSG_DONTWAIT);

    if (count > 0) {
        stream_take(load, client, (size_t)count);
        return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        client_reconnect(load, client);
    }
    return false;
}

static void answers_wait(struct tcp_load *load)
{
    struct pollfd watched[LOAD_SOCKETS_MAX];

    for (size_t i = 0; i < load->settings->socket_count; i++) {
        short wanted = load->clients[i].out_length > 0 ? POLLIN | POLLOUT : POLLIN;

        watched[i] = (struct pollfd){.fd = load->clients[i].fd, .events = wanted};
    }
    (void)poll(watched, load->settings->socket_count, IDLE_WAIT_MS);
}

/* Ask until `end_ns`; without `is_asking` only take what is under way, until nothing is. */
static void load_run(struct tcp_load *load, int64_t end_ns, bool is_asking)
{
    size_t under_way = 1;

    while (under_way > 0 && tally_now_ns() < end_ns) {
        bool has_any = false;

        under_way = 0;
        for (size_t i = 0; i < load->settings->socket_count; i++) {
            struct tcp_client *client = &load->clients[i];

            if (is_asking) {
                window_fill(load, client);
            }
            out_flush(client);
            has_any = client_receive(load, client) || has_any;
            under_way += client->under_way;
        }
        under_way += is_asking ? 1 : 0;
        if (!has_any) {
            answers_wait(load);
        }
    }
}

void tcp_load_run(const struct load_settings *settings, struct queries *queries,
                  struct tally *tally)
{
    struct tcp_load load = {.settings = settings, .queries = queries, .tally = tally};

    load.clients = memory_new(settings->socket_count * sizeof(*load.clients));
    load.stream = memory_new(READ_OCTETS);
    for (size_t i = 0; i < settings->socket_count; i++) {
        load.clients[i].out = memory_new(settings->window * (PREFIX_OCTETS + QUERY_OCTETS_MAX));
        client_connect(&load.clients[i], settings->port);
    }
    tally_start(tally, tally_now_ns());
    load_run(&load, tally->start_ns + settings->warmup_ns, true);
    tally_start(tally, tally_now_ns());
    load_run(&load, tally->start_ns + settings->measured_ns, true);
    tally_end(tally, tally_now_ns());
    load_run(&load, tally->end_ns + LOST_NS, false);
    for (size_t i = 0; i < settings->socket_count; i++) {
        tally->lost += load.clients[i].under_way;
        (void)close(load.clients[i].fd);
        free(load.clients[i].out);
    }
    free(load.stream);
    free(load.clients);
}
