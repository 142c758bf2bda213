/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/load/udp_load.c - a query's id is its place in its socket's table of send times, so
 * that an answer finds its query in one step and ids come around only after 65,536 queries.
 */

#include "tests/bench/load/udp_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "zones/arena.h"

enum {
    BATCH = 32,
    IDS = 65536,
    UNDER_WAY_MAX = IDS / 2, /* of one socket; more in an open loop would reuse ids too early */
    HEAD_OCTETS = 64,
    BUFFER_OCTETS = 8 * 1024 * 1024,
};

static const int64_t NS_PER_S = 1000000000;
static const int64_t LOST_NS = (int64_t)LOAD_LOST_MS * 1000000;
static const int64_t EXPIRE_EVERY_NS = 50000000;
static const int64_t IDLE_WAIT_NS = 1000000;

struct udp_client {
    int fd;
    uint16_t next_id;
    uint16_t oldest_id; /* every id before it is answered or lost */
    size_t under_way;
    int64_t sent_ns[IDS]; /* 0: not under way */
    struct mmsghdr out[BATCH];
    struct iovec out_parts[BATCH];
    uint8_t requests[BATCH][QUERY_OCTETS_MAX];
    struct mmsghdr in[BATCH];
    struct iovec in_parts[BATCH];
    uint8_t heads[BATCH][HEAD_OCTETS];
};

struct udp_load {
    const struct load_settings *settings;
    struct queries *queries;
    struct tally *tally;
    struct udp_client *clients;
    int64_t due_ns; /* open loop: of the next query */
    size_t due_client;
};

static void client_open(struct udp_client *client, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int octets = BUFFER_OCTETS;

    client->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0 ||
        connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("bench_load: UDP socket");
        exit(1);
    }
    if (setsockopt(client->fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof(octets)) != 0) {
        (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
    }
    for (size_t i = 0; i < BATCH; i++) {
        client->in_parts[i] = (struct iovec){.iov_base = client->heads[i], .iov_len = HEAD_OCTETS};
        client->in[i].msg_hdr.msg_iov = &client->in_parts[i];
        client->in[i].msg_hdr.msg_iovlen = 1;
        client->out_parts[i].iov_base = client->requests[i];
        client->out[i].msg_hdr.msg_iov = &client->out_parts[i];
        client->out[i].msg_hdr.msg_iovlen = 1;
    }
}

/* Up to BATCH queries that count as sent at `sent_ns`; returns how many the kernel took. */
static size_t client_send(struct udp_load *load, struct udp_client *client, size_t count,
                          int64_t sent_ns)
{
    int taken = 0;

    for (size_t i = 0; i < count; i++) {
        const struct query *query = queries_next(load->queries);
        uint16_t id = (uint16_t)(client->next_id + i);

        memcpy(client->requests[i], query->octets, query->length);
        client->requests[i][0] = (uint8_t)(id >> 8);
        client->requests[i][1] = (uint8_t)id;
        client->out_parts[i].iov_len = query->length;
    }
    taken = sendmmsg(client->fd, client->out, (unsigned)count, MSG_DONTWAIT);
    for (int i = 0; i < taken; i++) {
        client->sent_ns[client->next_id++] = sent_ns;
        client->under_way++;
        load->tally->sent++;
    }
    return taken > 0 ? (size_t)taken : 0;
}

static void answer_take(struct udp_load *load, struct udp_client *client, size_t index,
                        int64_t now_ns)
{
    const uint8_t *head = client->heads[index];
    uint16_t id = (uint16_t)(head[0] << 8 | head[1]);

    if (client->sent_ns[id] == 0 || client->in[index].msg_len < 2) {
        load->tally->stray++;
        return;
    }
    tally_answer(load->tally, head, client->in[index].msg_len, now_ns - client->sent_ns[id]);
    client->sent_ns[id] = 0;
    client->under_way--;
}

/* MSG_TRUNC makes msg_len the datagram's real length, though only its head is copied. */
static bool all_receive(struct udp_load *load)
{
    bool has_any = false;

    for (size_t i = 0; i < load->settings->socket_count; i++) {
        struct udp_client *client = &load->clients[i];
        int count = 0;

        do {
            int64_t now_ns = 0;

            count = recvmmsg(client->fd, client->in, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
            now_ns = tally_now_ns();
            for (int j = 0; j < count; j++) {
                answer_take(load, client, (size_t)j, now_ns);
            }
            has_any = has_any || count > 0;
        } while (count == BATCH);
    }
    return has_any;
}

/* Give up on what was sent before `sent_before_ns`; returns how many are still under way. */
static size_t queries_expire(struct udp_load *load, int64_t sent_before_ns)
{
    size_t under_way = 0;

    for (size_t i = 0; i < load->settings->socket_count; i++) {
        struct udp_client *client = &load->clients[i];

        while (client->oldest_id != client->next_id) {
            int64_t sent_ns = client->sent_ns[client->oldest_id];

            if (sent_ns >= sent_before_ns) {
                break;
            }
            if (sent_ns != 0) {
                client->sent_ns[client->oldest_id] = 0;
                client->under_way--;
                load->tally->lost++;
            }
            client->oldest_id++;
        }
        under_way += client->under_way;
    }
    return under_way;
}

static void answers_wait(struct udp_load *load, int64_t wait_ns)
{
    struct pollfd watched[LOAD_SOCKETS_MAX];
    struct timespec wait = {.tv_nsec = wait_ns < IDLE_WAIT_NS ? wait_ns : IDLE_WAIT_NS};

    for (size_t i = 0; i < load->settings->socket_count; i++) {
        watched[i] = (struct pollfd){.fd = load->clients[i].fd, .events = POLLIN};
    }
    (void)ppoll(watched, load->settings->socket_count, &wait, NULL);
}

static void closed_loop_step(struct udp_load *load, int64_t now_ns)
{
    for (size_t i = 0; i < load->settings->socket_count; i++) {
        struct udp_client *client = &load->clients[i];
        size_t room = load->settings->window - client->under_way;

        if (room > 0) {
            (void)client_send(load, client, room < BATCH ? room : BATCH, now_ns);
        }
    }
    if (!all_receive(load)) {
        answers_wait(load, IDLE_WAIT_NS);
    }
}

static void open_loop_step(struct udp_load *load, int64_t now_ns)
{
    int64_t interval_ns = (int64_t)((double)NS_PER_S / load->settings->rate_qps);

    for (; load->due_ns <= now_ns; load->due_ns += interval_ns) {
        struct udp_client *client = &load->clients[load->due_client];

        load->due_client++;
        if (load->due_client == load->settings->socket_count) {
            load->due_client = 0;
        }
        if (client->under_way >= UNDER_WAY_MAX || client_send(load, client, 1, load->due_ns) == 0) {
            load->tally->sent++;
            load->tally->lost++;
        }
    }
    if (!all_receive(load) && !load->settings->is_spinning) {
        int64_t wait_ns = load->due_ns - tally_now_ns();

        answers_wait(load, wait_ns > 0 ? wait_ns : 0);
    }
}

/* Ask until `end_ns`. */
static void load_ask(struct udp_load *load, int64_t end_ns)
{
    int64_t now_ns = tally_now_ns();
    int64_t expire_ns = now_ns;

    while (now_ns < end_ns) {
        if (load->settings->rate_qps > 0) {
            open_loop_step(load, now_ns);
        } else {
            closed_loop_step(load, now_ns);
        }
        now_ns = tally_now_ns();
        if (now_ns >= expire_ns) {
            (void)queries_expire(load, now_ns - LOST_NS);
            expire_ns = now_ns + EXPIRE_EVERY_NS;
        }
    }
}

void udp_load_run(const struct load_settings *settings, struct queries *queries,
                  struct tally *tally)
{
    struct udp_load load = {.settings = settings, .queries = queries, .tally = tally};

    load.clients = memory_new(settings->socket_count * sizeof(*load.clients));
    for (size_t i = 0; i < settings->socket_count; i++) {
        client_open(&load.clients[i], settings->port);
    }
    load.due_ns = tally_now_ns();
    tally_start(tally, load.due_ns);
    load_ask(&load, load.due_ns + settings->warmup_ns);
    tally_start(tally, tally_now_ns());
    load_ask(&load, tally->start_ns + settings->measured_ns);
    tally_end(tally, tally_now_ns());
    while (queries_expire(&load, tally_now_ns() - LOST_NS) > 0) {
        if (!all_receive(&load)) {
            answers_wait(&load, IDLE_WAIT_NS);
        }
    }
    for (size_t i = 0; i < settings->socket_count; i++) {
        (void)close(load.clients[i].fd);
    }
    free(load.clients);
}
